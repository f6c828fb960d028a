/**
 * Handles a cron trigger: probes every upstream that has a probe, and the store, and passes the results to
 * the option `uptime`. `compile.ts` creates the handler; the platform calls it through
 * `gateway.scheduled`. It never rejects: an invalid environment or an error of `uptime` is reported to
 * `onFault`. Without the option `uptime` it does nothing.
 */
import type { StoreProbe } from '../../monitor/redis.ts'
import type { Uptime, Watched } from '../../monitor/uptime.ts'
import type { ReportError } from '../../page/index.ts'
import type { Settings } from '../config/settings.ts'
import { probeUpstream } from './probe.ts'
import type { ReadySources } from './ready.ts'

/** The options of the probes. */
export interface ScheduledOptions extends ReadySources {
  /** Runs the probes and notifies receivers; if it is undefined, nothing is probed. */
  readonly uptime: Uptime | undefined
  readonly storeProbe: StoreProbe | undefined
  readonly resolveSettings: (env: unknown) => Settings | Promise<Settings>
  readonly report: ReportError
}

/** Creates the handler of cron triggers. It never rejects. */
export function createScheduled(options: ScheduledOptions): (env: unknown) => Promise<void> {
  const { uptime, emit, report, fetch, clock } = options
  const reportFailure = (error: unknown): void => report(error, { method: 'scheduled' })

  return async function runScheduled(env) {
    if (uptime === undefined) return
    try {
      const settings = await options.resolveSettings(env)
      const service = settings.publicOrigin
      const probes = listProbes(options, settings, env)
      await uptime.run(probes, { env, service, emit, report: reportFailure, fetch, clock })
    } catch (error) {
      reportFailure(error)
    }
  }
}

function listProbes(
  { upstreams, storeProbe, fetch }: ScheduledOptions,
  settings: Settings,
  env: unknown,
): Watched[] {
  const probes: Watched[] = []
  for (const upstream of upstreams.values()) {
    if (upstream.probe === undefined) continue
    probes.push({
      kind: 'upstream',
      name: upstream.name,
      look: (signal) => probeUpstream({ fetch, env }, upstream, settings, signal),
    })
  }

  if (storeProbe !== undefined) {
    const runProbe = (): Promise<undefined> => storeProbe(env).then(() => undefined)
    probes.push({ kind: 'store', name: 'store', look: runProbe })
  }

  return probes
}
