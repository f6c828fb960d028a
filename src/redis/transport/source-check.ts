/**
 * Validates the values that an environment holds for a client, all problems at once. The sources
 * of connections call it. It throws one `ConfigError` with every problem.
 */
import { ConfigError } from '../../errors.ts'
import { createIssues } from '../../options/index.ts'

/** Calls each reader with the environment; a fault that two of them meet is told once. @throws {ConfigError} `ERR_CONFIG` with every fault */
export function checkEach(readers: ReadonlyArray<(env: unknown) => unknown>, env: unknown): void {
  const issues = createIssues()
  const seen = new Set<string>()
  for (const read of readers) {
    try {
      read(env)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const { option, problem } of error.issues) {
        if (!seen.has(`${option} ${problem}`)) issues.add(option, problem)
        seen.add(`${option} ${problem}`)
      }
    }
  }
  issues.throwIfAny()
}
