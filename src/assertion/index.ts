/**
 * Exports the verifier of assertions as `portcullis/assertion`. Applications import it at servers that receive
 * assertions of a gateway or of a guard for Vercel. Its errors are those of `verifier.ts`: wrong options throw
 * a `ConfigError`, and an invalid assertion gives undefined.
 */
export {
  type Assertion,
  type AssertionVerifierOptions,
  assertionVerifier,
  type VerifyAssertion,
} from './verifier.ts'
