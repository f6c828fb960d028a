/** Unknown option keys are faults, with the key that was probably meant. */
import type { Issues } from './issues.ts'

/**
 * Notes every own key of `given` that is not in `known`. A value that is no plain object is a fault of its own.
 * Keys whose value is undefined count as absent, known or not.
 */
export function checkKeys(issues: Issues, input: unknown, known: readonly string[]): void {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    issues.add('', 'must be an object')
    return
  }
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined || known.includes(key)) continue
    const meant = nearestKey(key, known)
    issues.add(key, meant ? `is no option; did you mean ${meant}?` : 'is no option')
  }
}

/** The known word nearest to a mistyped one, if it is near enough to be what was meant. */
export function nearestKey(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '')
  let best: string | undefined
  let least = 3
  for (const candidate of known) {
    const far = distance(plain(word.slice(0, 64)), plain(candidate))
    if (far < least && far < candidate.length / 2) [best, least] = [candidate, far]
  }
  return best
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
