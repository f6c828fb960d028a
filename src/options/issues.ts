/** Collects the problems of options, so that one ConfigError can name all of them. */
import { ConfigError, type ConfigIssue } from '../errors.ts'

/** A list of issues under one prefix. */
export interface Issues {
  /** Adds an issue of an option. The prefix is put before the option's name; '' is the prefix itself. */
  add(option: string, problem: string): void
  /** Returns the same list under a longer prefix. */
  at(prefix: string): Issues
  /** Returns an empty list under a longer prefix, for values that are validated later. */
  child(prefix: string): Issues
  /** Adds the issues of a ConfigError; rethrows any other error. */
  collect(error: unknown): void
  /** True if the list has an issue, under any prefix. */
  readonly any: boolean
  /** @throws {ConfigError} `ERR_CONFIG` with every issue, if there is one. */
  throwIfAny(): void
}

/** Creates an empty list of issues. */
export function createIssues(prefix = '', list: ConfigIssue[] = []): Issues {
  const withPrefix = (option: string): string =>
    prefix && option ? `${prefix}.${option}` : prefix || option

  return {
    add(option, problem): void {
      list.push({ option: withPrefix(option), problem })
    },
    at: (option) => createIssues(withPrefix(option), list),
    child: (option) => createIssues(withPrefix(option)),
    collect(error): void {
      if (!(error instanceof ConfigError)) throw error
      // A copy, since the error may hold this very list.
      for (const { option, problem } of [...error.issues]) {
        list.push({ option: withPrefix(option), problem })
      }
    },
    get any(): boolean {
      return list.length > 0
    },
    throwIfAny(): void {
      if (list.length > 0) throw new ConfigError(list)
    },
  }
}
