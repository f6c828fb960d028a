/** Collects what is wrong with options, so that a ConfigError can name everything at once. */
import { ConfigError, type ConfigIssue } from '../errors.ts'

/** A list of faults under one prefix. */
export interface Issues {
  /** Notes a fault of an option; the prefix is put before its name. */
  add(option: string, problem: string): void
  /** The same list under a longer prefix. */
  at(prefix: string): Issues
  /** An empty list under the same prefix and more, for values that are judged later. */
  child(prefix: string): Issues
  /** Takes over the faults of a ConfigError that something inside threw; rethrows anything else. */
  collect(error: unknown): void
  /** Whether anything was noted under this list's prefix or any other. */
  readonly any: boolean
  /** @throws {ConfigError} `ERR_CONFIG` with every fault, if there is one. */
  throwIfAny(): void
}

/** An empty list of faults. */
export function createIssues(prefix = '', list: ConfigIssue[] = []): Issues {
  const at = (option: string): string =>
    prefix && option ? `${prefix}.${option}` : prefix || option
  return {
    add(option, problem): void {
      list.push({ option: at(option), problem })
    },
    at: (more) => createIssues(at(more), list),
    child: (more) => createIssues(at(more)),
    collect(error): void {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of [...error.faults])
        list.push({ option: at(fault.option), problem: fault.problem })
    },
    get any(): boolean {
      return list.length > 0
    },
    throwIfAny(): void {
      if (list.length > 0) throw new ConfigError(list)
    },
  }
}
