/**
 * Finds names that occur twice in one object of a JSON text. `json-names.ts` adds each name by its hash and its index.
 * A text of 64 KB may contain 8,000 names, and cutting each of them out into a set would take milliseconds. Nothing is
 * thrown.
 */

/** Most slots of a table that is kept for the next text. A text of 64 KB needs no more. */
const maxKeptSlots = 32_768

const initialSlots = 256

/** Number of owners after which the table is emptied before the next text, so that the numbers fit into 32 bits. */
const maxOwners = 2 ** 30

/** The names, each with its hash, the object that contains it, and its index in the text. */
interface Slots {
  readonly mask: number
  readonly hashes: Int32Array
  /** The object that contains the name. A slot with a number below the first one of the text is free. */
  readonly owners: Int32Array
  readonly indexes: Int32Array
}

/**
 * Stores the names of one text at a time. Each text is scanned synchronously, so that texts of several requests can use
 * the same memory.
 */
export class NameTable {
  /** Random, so that nobody can create names that all have the same hash. */
  readonly seed: number
  readonly factor: number
  #slots: Slots = createSlots(initialSlots)
  #firstOwner = 1
  #lastOwner = 0
  #count = 0

  constructor() {
    const [seed = 0, factor = 0] = crypto.getRandomValues(new Int32Array(2))
    this.seed = seed
    this.factor = factor | 1
  }

  /** Begins a text, and forgets the names of the one before. */
  begin(): void {
    if (this.#lastOwner > maxOwners || this.#slots.mask >= maxKeptSlots) {
      this.#slots = createSlots(initialSlots)
      this.#lastOwner = 0
    }
    this.#firstOwner = this.#lastOwner + 1
    this.#count = 0
  }

  /** Returns a new number for an object of the text. */
  createOwner(): number {
    return ++this.#lastOwner
  }

  /**
   * Adds a name by its hash, the object that contains it, and its index in the text.
   *
   * @param isSame - tells whether the names at two indexes are the same
   * @returns whether the object has the name already
   */
  add(
    hash: number,
    owner: number,
    nameIndex: number,
    isSame: (nameIndex: number, otherIndex: number) => boolean,
  ): boolean {
    if (this.#count * 2 > this.#slots.mask) this.#grow()

    const { mask, hashes, owners, indexes } = this.#slots
    let slot = chooseSlot(hash, owner) & mask
    for (; (owners[slot] as number) >= this.#firstOwner; slot = (slot + 1) & mask) {
      if (
        hashes[slot] === hash &&
        owners[slot] === owner &&
        isSame(indexes[slot] as number, nameIndex)
      )
        return true
    }
    hashes[slot] = hash
    owners[slot] = owner
    indexes[slot] = nameIndex
    this.#count++

    return false
  }

  #grow(): void {
    const slots = this.#slots
    const larger = createSlots((slots.mask + 1) * 2)
    for (let i = 0; i <= slots.mask; i++) {
      const [hash, owner] = [slots.hashes[i] as number, slots.owners[i] as number]
      if (owner < this.#firstOwner) continue

      let slot = chooseSlot(hash, owner) & larger.mask
      while (larger.owners[slot] !== 0) slot = (slot + 1) & larger.mask
      larger.hashes[slot] = hash
      larger.owners[slot] = owner
      larger.indexes[slot] = slots.indexes[i] as number
    }
    this.#slots = larger
  }
}

function createSlots(count: number): Slots {
  return {
    mask: count - 1,
    hashes: new Int32Array(count),
    owners: new Int32Array(count),
    indexes: new Int32Array(count),
  }
}

function chooseSlot(hash: number, owner: number): number {
  const product = Math.imul(hash ^ Math.imul(owner, 0x9e3779b1), 0x85ebca6b)
  return product ^ (product >>> 15)
}
