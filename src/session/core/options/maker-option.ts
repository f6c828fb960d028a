/**
 * Validates options whose value a function of `portcullis/session` creates, so that its code is in
 * a bundle only where it is imported. Strategies call it while building. Any other value is
 * reported as an issue.
 */
import type { Issues } from '../../../options/issues.ts'

/** Returns a value that can be compiled. An absent or invalid value returns undefined. */
export function parseMakerOption<T extends { readonly compile: unknown }>(
  issues: Issues,
  optionName: string,
  optionValue: T | undefined,
  makerName: string,
): T | undefined {
  if (optionValue === undefined || typeof optionValue?.compile === 'function') return optionValue

  issues.add(optionName, `must be ${makerName}({ ... }), which comes from portcullis/session`)
  return undefined
}
