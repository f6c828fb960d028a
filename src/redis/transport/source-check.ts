/**
 * Validates the values of an environment for a Redis client, and reports all problems together. The
 * HTTP source and the `@upstash/redis` source of connections call it for `client.check(env)`. It
 * throws one `ConfigError` with every problem, each once. An error of another kind, such as one of
 * the application's own function, is thrown as it is.
 */
import { ConfigError } from '../../errors.ts'
import { createIssues } from '../../options/index.ts'

/**
 * Calls each reader with the environment. A problem that two readers find is reported once.
 *
 * @throws {ConfigError} `ERR_CONFIG` with every problem
 */
export function checkEach(readers: ReadonlyArray<(env: unknown) => unknown>, env: unknown): void {
  const issues = createIssues()
  const reportedProblems = new Set<string>()
  for (const read of readers) {
    try {
      read(env)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const { option, problem } of error.issues) {
        if (!reportedProblems.has(`${option} ${problem}`)) issues.add(option, problem)
        reportedProblems.add(`${option} ${problem}`)
      }
    }
  }
  issues.throwIfAny()
}
