/** Headers whose value is one of a few words. */
import { type Issues, nearestKey } from '../../options/index.ts'

/** The words of a header, and which of them stands for what was left out and for `true`. */
export interface TokenChoices {
  readonly choices: readonly string[]
  /** The value where the option is absent; undefined: no header. */
  readonly absent: string | undefined
  /** The value for `true`. */
  readonly on: string
}

/** One of a header's words, in any case; undefined where the option says `false` or `null`, or is a fault. */
export function parseToken(
  issues: Issues,
  option: string,
  value: unknown,
  { choices, absent, on }: TokenChoices,
): string | undefined {
  if (value === undefined) return absent
  if (value === false || value === null) return undefined
  if (value === true) return on

  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined
  const found = choices.find((choice) => choice.toLowerCase() === word)
  if (found === undefined) issues.add(option, describeChoices(word, choices))

  return found
}

/** What is wrong with a word that is none of these. */
export function describeChoices(word: string | undefined, choices: readonly string[]): string {
  const meant = word && nearestKey(word, choices)
  const must = `must be true, false, null or one of ${choices.join(', ')}`
  return meant ? `${must}; did you mean ${meant}?` : must
}
