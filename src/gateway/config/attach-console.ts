/**
 * Reads the option `console` of a gateway and returns a configuration whose monitor also feeds the
 * console's counts. `compile.ts` calls it first, before it validates the other options. A value that
 * is no console is reported as an issue. A wrong `monitor` is left as it is, so that its own issue is
 * reported later.
 */
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { GatewayConfig } from '../config.ts'
import type { GatewayConsole } from '../console/types.ts'

/** The options that `attachConsole` reads, without the type parameters of a configuration. */
type ConsoleConfig = Partial<
  Pick<GatewayConfig<string, never, never>, 'console' | 'monitor' | 'clock'>
>

/** A configuration whose monitor is also observed by its console, and that console if there is a valid one. */
export interface AttachedConsole<C> {
  readonly config: C
  readonly console: GatewayConsole | undefined
}

/** Validates the option `console`, and wraps the monitor so that the console counts the same requests and events. */
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

  // A wrapper would hide that the monitor is invalid, which `compileOperations` reports.
  if (monitor !== undefined && typeof monitor?.begin !== 'function') return { config, console }
  const observedMonitor = console.observe(monitor, typeof clock === 'function' ? clock : Date.now)

  return { config: { ...config, monitor: observedMonitor }, console }
}
