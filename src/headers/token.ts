/** Headers whose value is one of a few words. */
import { type Faults, nearest } from '../options/index.ts'

/** The words of a header, and which of them stands for what was left out and for `true`. */
export interface Words {
  readonly choices: readonly string[]
  /** The value where the option is absent; undefined: no header. */
  readonly absent: string | undefined
  /** The value for `true`. */
  readonly on: string
}

/** One of a header's words, in any case; undefined where the option says `false` or `null`, or is a fault. */
export function token(
  faults: Faults,
  option: string,
  given: unknown,
  { choices, absent, on }: Words,
): string | undefined {
  if (given === undefined) return absent
  if (given === false || given === null) return undefined
  if (given === true) return on
  const word = typeof given === 'string' ? given.trim().toLowerCase() : undefined
  const found = choices.find((choice) => choice.toLowerCase() === word)
  if (found === undefined) faults.add(option, problem(word, choices))
  return found
}

/** What is wrong with a word that is none of these. */
export function problem(word: string | undefined, choices: readonly string[]): string {
  const meant = word && nearest(word, choices)
  const must = `must be true, false, null or one of ${choices.join(', ')}`
  return meant ? `${must}; did you mean ${meant}?` : must
}
