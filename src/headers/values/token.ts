/**
 * Parses the option of a header whose value is one of a few tokens. The compilers of this folder
 * call it while header options are compiled. It throws nothing itself: any other value is added to
 * the caller's list of issues, with the choices and a suggestion, and gives undefined.
 */
import { type Issues, nearestKey } from '../../options/index.ts'

/** The tokens of a header, and which of them an absent option and `true` mean. */
export interface TokenChoices {
  readonly choices: readonly string[]
  /** The value of an absent option; undefined for no header. */
  readonly absent: string | undefined
  /** The value for `true`. */
  readonly on: string
}

/**
 * Returns the token of an option in its canonical case; undefined for `false`, `null` and an
 * invalid value.
 */
export function parseToken(
  issues: Issues,
  optionName: string,
  optionValue: unknown,
  { choices, absent, on }: TokenChoices,
): string | undefined {
  if (optionValue === undefined) return absent
  if (optionValue === false || optionValue === null) return undefined
  if (optionValue === true) return on

  const word = typeof optionValue === 'string' ? optionValue.trim().toLowerCase() : undefined
  const choice = choices.find((choice) => choice.toLowerCase() === word)
  if (choice === undefined) issues.add(optionName, describeChoices(word, choices))

  return choice
}

/** Returns the message for a value that is not one of the tokens. */
export function describeChoices(word: string | undefined, choices: readonly string[]): string {
  const suggestion = word && nearestKey(word, choices)
  const message = `must be true, false, null or one of ${choices.join(', ')}`
  return suggestion ? `${message}; did you mean ${suggestion}?` : message
}
