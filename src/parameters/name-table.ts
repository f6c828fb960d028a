/**
 * Finds names that occur twice in one object of a JSON text. `json-names.ts` adds each name by its
 * hash and its place: a text of 64 KB may have 8,000 names, and to cut out each of them and to put
 * it into a set takes milliseconds.
 */

/** Slots of a table that is kept for the next text; one of 64 KB needs no more. */
const mostKeptSlots = 32_768

const firstSlots = 256

/** A power of two, above which no further text gets owners of its own before the table is emptied. */
const mostOwners = 2 ** 30

/** Names by the hash of their characters and the object that they stand in. */
interface Slots {
  readonly mask: number
  readonly hashes: Int32Array
  /** The object of the name; below the first of a text, the slot is free. */
  readonly owners: Int32Array
  readonly places: Int32Array
}

/** Names of one text at a time. It is used synchronously, so that texts of several requests share its memory. */
export class NameTable {
  /** Chance, so that nobody can write names which all have one hash. */
  readonly seed: number
  readonly factor: number
  #slots: Slots = createSlots(firstSlots)
  #first = 1
  #owner = 0
  #count = 0

  constructor() {
    const [seed = 0, factor = 0] = crypto.getRandomValues(new Int32Array(2))
    this.seed = seed
    this.factor = factor | 1
  }

  /** Begins a text: all names of the last one are forgotten. */
  begin(): void {
    if (this.#owner > mostOwners || this.#slots.mask >= mostKeptSlots) {
      this.#slots = createSlots(firstSlots)
      this.#owner = 0
    }
    this.#first = this.#owner + 1
    this.#count = 0
  }

  /** A number for an object of the text. */
  createOwner(): number {
    return ++this.#owner
  }

  /**
   * Adds a name by its hash, the object that it stands in and its place. Returns whether that object has it already.
   *
   * @param isSame - whether the same name stands at two places
   */
  add(
    hash: number,
    owner: number,
    place: number,
    isSame: (place: number, otherPlace: number) => boolean,
  ): boolean {
    if (this.#count * 2 > this.#slots.mask) this.#grow()

    const { mask, hashes, owners, places } = this.#slots
    let slot = chooseSlot(hash, owner) & mask
    for (; (owners[slot] as number) >= this.#first; slot = (slot + 1) & mask) {
      if (hashes[slot] === hash && owners[slot] === owner && isSame(places[slot] as number, place))
        return true
    }
    hashes[slot] = hash
    owners[slot] = owner
    places[slot] = place
    this.#count++

    return false
  }

  #grow(): void {
    const old = this.#slots
    const larger = createSlots((old.mask + 1) * 2)
    for (let from = 0; from <= old.mask; from++) {
      const [hash, owner] = [old.hashes[from] as number, old.owners[from] as number]
      if (owner < this.#first) continue

      let slot = chooseSlot(hash, owner) & larger.mask
      while (larger.owners[slot] !== 0) slot = (slot + 1) & larger.mask
      larger.hashes[slot] = hash
      larger.owners[slot] = owner
      larger.places[slot] = old.places[from] as number
    }
    this.#slots = larger
  }
}

function createSlots(count: number): Slots {
  return {
    mask: count - 1,
    hashes: new Int32Array(count),
    owners: new Int32Array(count),
    places: new Int32Array(count),
  }
}

function chooseSlot(hash: number, owner: number): number {
  const product = Math.imul(hash ^ Math.imul(owner, 0x9e3779b1), 0x85ebca6b)
  return product ^ (product >>> 15)
}
