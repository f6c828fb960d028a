/** What sessions hold here: a counter, and as much more as makes the JSON as long as it should be. */
export interface Data {
  n: number
  pad: string
  [key: string]: unknown
}

export const secret = 'Wq8zR3tYpL5vN1xC7bM9kJ2hG4fD6sA0Xy' // of the benchmark, and of nothing else

/** Data whose JSON has `bytes` bytes while `n` has one digit. */
export function dataOf(bytes: number): Data {
  const words = 'the quick brown fox jumps over the lazy dog and then some, '
  const length = Math.max(0, bytes - JSON.stringify({ n: 1, pad: '' }).length)
  return { n: 1, pad: words.repeat(Math.ceil(length / words.length)).slice(0, length) }
}

/** What every route answers: says that the session was read, and how long it is. */
export function told(data: { n?: unknown; pad?: unknown } | null | undefined): string {
  return `n=${String(data?.n)} pad=${String(data?.pad ?? '').length}`
}
