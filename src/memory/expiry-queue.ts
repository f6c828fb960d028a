/**
 * A queue of entries by when they expire, as a binary heap: the bounded map asks it which entries are past their time. To add,
 * move or remove an entry costs the logarithm of their number.
 */

/** A value, and when nobody needs it any more. */
export interface ExpiringValue {
  readonly until: number
}

/** An entry of the queue, which writes its place into it. */
export interface QueuedEntry {
  readonly value: ExpiringValue
  place: number
}

/** Entries, the first to expire in front. */
export interface ExpiryQueue<E extends QueuedEntry> {
  first(): E | undefined
  add(entry: E): void
  /** Moves an entry whose value has changed. */
  update(entry: E): void
  remove(entry: E): void
}

/** Creates a queue of these entries. */
export function createExpiryQueue<E extends QueuedEntry>(entries: Iterable<E>): ExpiryQueue<E> {
  const heap: E[] = []

  function put(place: number, entry: E): void {
    heap[place] = entry
    entry.place = place
  }

  function rise(entry: E, from: number): void {
    let place = from
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = heap[parentPlace] as E
      if (parent.value.until <= entry.value.until) break
      put(place, parent)
      place = parentPlace
    }
    put(place, entry)
  }

  function sink(entry: E, from: number): void {
    let place = from
    for (let next = findSooner(heap, place); next !== undefined; next = findSooner(heap, place)) {
      if (entry.value.until <= next.value.until) break
      const nextPlace = next.place
      put(place, next)
      place = nextPlace
    }
    put(place, entry)
  }

  function move(entry: E, from: number): void {
    rise(entry, from)
    sink(entry, entry.place)
  }

  for (const entry of entries) rise(entry, heap.length)

  return {
    first: () => heap[0],
    add: (entry) => rise(entry, heap.length),
    update: (entry) => move(entry, entry.place),
    remove(entry) {
      const last = heap.pop()
      if (last !== undefined && last !== entry) move(last, entry.place)
    },
  }
}

/** Returns the one of the two entries below a place that expires first. */
function findSooner<E extends QueuedEntry>(heap: readonly E[], place: number): E | undefined {
  const [leftEntry, rightEntry] = [heap[2 * place + 1], heap[2 * place + 2]]
  if (leftEntry === undefined || rightEntry === undefined) return leftEntry
  return rightEntry.value.until < leftEntry.value.until ? rightEntry : leftEntry
}
