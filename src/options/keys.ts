/**
 * Finds unknown keys of an options object, and the known key that was probably meant. Every
 * validator of an options object calls `checkKeys` first; others call `nearestKey` for values. It
 * throws nothing: unknown keys, and a value that is no object, are added to the caller's list of
 * issues. Keys whose value is undefined count as absent.
 */
import { isObject } from './is-object.ts'
import type { Issues } from './issues.ts'

/** The most characters of a mistyped key that are compared. */
const MAX_COMPARED_LENGTH = 64

/** Keys that differ by this many characters or more are not suggested. */
const MAX_DISTANCE = 3

/**
 * Adds an issue for every own key of `input` that is not in `knownKeys`, or one for a value that is not an object.
 * Keys whose value is undefined count as absent.
 */
export function checkKeys(issues: Issues, input: unknown, knownKeys: readonly string[]): void {
  if (!isObject(input)) {
    issues.add('', 'must be an object')
    return
  }

  for (const [key, value] of Object.entries(input)) {
    if (value === undefined || knownKeys.includes(key)) continue
    const suggestion = nearestKey(key, knownKeys)
    issues.add(
      key,
      suggestion ? `is not an option; did you mean ${suggestion}?` : 'is not an option',
    )
  }
}

/**
 * Returns the known word that was probably meant: the nearest one if it is near enough, otherwise
 * the first one of four characters or more with which the word ends, such as `headers` for
 * `secureHeaders`.
 */
export function nearestKey(word: string, knownKeys: readonly string[]): string | undefined {
  const normalize = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '')
  const input = normalize(word.slice(0, MAX_COMPARED_LENGTH))
  let nearestWord: string | undefined
  let minDistance = MAX_DISTANCE

  for (const candidate of knownKeys) {
    const distance = levenshtein(input, normalize(candidate))
    if (distance < minDistance && distance < candidate.length / 2) {
      nearestWord = candidate
      minDistance = distance
    }
  }
  return nearestWord ?? knownKeys.find((word) => word.length > 3 && input.endsWith(normalize(word)))
}

/** Computes the Levenshtein distance, one row at a time. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)

  for (let index = 1; index <= a.length; index++) {
    const next = [index]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[index - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
