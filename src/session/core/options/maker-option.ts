/**
 * Validates options whose value must be the result of a function, such as `revocable()`, so that the
 * code of that function is in a bundle only where it is imported. `core/options/settings.ts` calls it
 * for `device` and `clientInfo`, and `stateless/sessions.ts` for `revocation`, while a strategy is
 * built. Any other value is reported as an issue and read as undefined.
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
