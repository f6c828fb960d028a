/**
 * Attaches the option `console` to a configuration and wraps its monitor, so that the console
 * counts what the monitor sees. `compile.ts` calls it first. A value that is no console is
 * reported as an issue.
 */
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { GatewayConfig } from '../config.ts'
import type { GatewayConsole } from '../console/types.ts'

/** The untyped form of the options that it needs. */
type ConsoleConfig = Partial<
  Pick<GatewayConfig<string, never, never>, 'console' | 'monitor' | 'clock'>
>

/** A configuration whose monitor is also observed by its console, and that console if there is a valid one. */
export interface AttachedConsole<C> {
  readonly config: C
  readonly console: GatewayConsole | undefined
}

/** Validates the option, and wraps the monitor, so that the console counts what it sees. */
export function attachConsole<C extends ConsoleConfig>(
  config: C,
  issues: Issues,
): AttachedConsole<C> {
  const { console, monitor, clock } = config
  if (console === undefined) return { config, console }
  if (!isRecord(console) || typeof console.observe !== 'function') {
    issues.add('console', 'must be gatewayConsole({ ... }) of portcullis/gateway')
    return { config, console: undefined }
  }

  // An invalid monitor is an issue of its own, which a wrapper would hide.
  if (monitor !== undefined && typeof monitor?.begin !== 'function') return { config, console }
  const observedMonitor = console.observe(monitor, typeof clock === 'function' ? clock : Date.now)

  return { config: { ...config, monitor: observedMonitor }, console }
}
