export {
  type Assertion,
  type AssertionVerifierOptions,
  assertionVerifier,
  type VerifyAssertion,
} from './verifier.ts'
