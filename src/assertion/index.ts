/**
 * Entry point `portcullis/assertion`: the verifier for servers that receive assertions of a
 * gateway or a guard.
 */
export {
  type Assertion,
  type AssertionVerifierOptions,
  assertionVerifier,
  type VerifyAssertion,
} from './verifier.ts'
