/** Collects what is wrong with options, so that a ConfigError can name everything at once. */
import { ConfigError, type ConfigFault } from '../errors.ts'

/** A list of faults under one prefix. */
export interface Faults {
  /** Notes a fault of an option; the prefix is put before its name. */
  add(option: string, problem: string): void
  /** The same list under a longer prefix. */
  under(prefix: string): Faults
  /** An empty list under the same prefix and more, for values that are judged later. */
  fresh(prefix: string): Faults
  /** Takes over the faults of a ConfigError that something inside threw; rethrows anything else. */
  absorb(error: unknown): void
  /** Whether anything was noted under this list's prefix or any other. */
  readonly any: boolean
  /** @throws {ConfigError} `ERR_CONFIG` with every fault, if there is one. */
  done(): void
}

/** An empty list of faults. */
export function faults(prefix = '', list: ConfigFault[] = []): Faults {
  const at = (option: string): string => (prefix && option ? `${prefix}.${option}` : prefix || option)
  return {
    add(option, problem): void {
      list.push({ option: at(option), problem })
    },
    under: (more) => faults(at(more), list),
    fresh: (more) => faults(at(more)),
    absorb(error): void {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of [...error.faults]) list.push({ option: at(fault.option), problem: fault.problem })
    },
    get any(): boolean {
      return list.length > 0
    },
    done(): void {
      if (list.length > 0) throw new ConfigError(list)
    },
  }
}
