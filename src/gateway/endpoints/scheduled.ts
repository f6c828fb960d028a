/** What a cron trigger starts: a look at every upstream that has a probe, and at the store. */
import type { Watched } from '../../monitor/uptime.ts'
import type { CompiledGateway } from '../compile.ts'
import { probeUpstream } from './probe.ts'

/** Looks once; never rejects. Does nothing where the gateway has no option `uptime`. */
export async function runScheduled(plan: CompiledGateway, env: unknown): Promise<void> {
  const { ops, emit, report, fetch, clock } = plan
  const { uptime, storeProbe } = ops
  if (uptime === undefined) return
  try {
    const settings = await plan.settings(env)
    const watched: Watched[] = [...plan.upstreams.values()]
      .filter(({ probe }) => probe !== undefined)
      .map((upstream) => ({
        kind: 'upstream',
        name: upstream.name,
        look: (signal) => probeUpstream(fetch, upstream, settings, signal),
      }))
    if (storeProbe !== undefined) {
      watched.push({
        kind: 'store',
        name: 'store',
        look: () => storeProbe(env).then(() => undefined),
      })
    }
    const tell = (error: unknown): void => report(error, { method: 'scheduled' })
    await uptime.run(watched, {
      env,
      service: settings.publicOrigin,
      emit,
      report: tell,
      fetch,
      clock,
    })
  } catch (error) {
    report(error, { method: 'scheduled' })
  }
}
