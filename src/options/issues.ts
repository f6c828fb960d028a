/**
 * Collects the problems of options, so that one `ConfigError` can name all of them. Every validator
 * adds to a list, and every function that builds something from options calls `throwIfAny` at its
 * end. `collect` throws every error that is not a `ConfigError` again. Problems must never quote
 * the value of an option, which may be a secret.
 */
import { ConfigError, type ConfigIssue } from '../errors.ts'

/** A list of issues under one prefix. */
export interface Issues {
  /**
   * Adds an issue of an option. The list's prefix is put before the option's name; an empty name
   * means the prefix itself.
   */
  add(optionName: string, problem: string): void
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
  const withPrefix = (optionName: string): string =>
    prefix && optionName ? `${prefix}.${optionName}` : prefix || optionName

  return {
    add(optionName, problem): void {
      list.push({ option: withPrefix(optionName), problem })
    },
    at: (optionName) => createIssues(withPrefix(optionName), list),
    child: (optionName) => createIssues(withPrefix(optionName)),
    collect(error): void {
      if (!(error instanceof ConfigError)) throw error
      // It is copied first, because the error may contain this list itself.
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
