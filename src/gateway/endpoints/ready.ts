/** Whether this gateway can serve: its environment, and on request its store and upstreams, asked every five seconds at most. */
import type { StoreProbe } from '../../monitor/redis.ts'
import { TimeoutError, withTimeout } from '../../monitor/timeout.ts'
import { booleanOption, checkKeys, type Issues, optionalFunction } from '../../options/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { Settings } from '../config/settings.ts'
import type { CompiledUpstream } from '../config/upstreams.ts'
import { probeUpstream } from './probe.ts'

/** What `/.portcullis/ready` asks. Who asks it learns yes or no; what is wrong is the event `not-ready`. */
export interface ReadyOptions {
  /** Asks the store, such as `redisProbe(client)`: half a second at most. Default: nobody is asked. */
  readonly store?: StoreProbe
  /**
   * Whether upstreams that have a `probe` are asked too. Default false: where one of several is down, the gateway still serves
   * the others, and should not be taken out of service.
   */
  readonly upstreams?: boolean
}

/** Whether all is well. */
export type IsReady = (env: unknown, settings: Settings) => Promise<boolean>

/** What is asked with. */
export interface ReadySources {
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>
  readonly clock: Clock
  readonly emit: Emit
  readonly fetch: typeof fetch
}

const cacheMs = 5000
const maxWaitMs = 500
const stepMs = 10

/** Validates the option and makes the question. */
export function createReadiness(
  value: ReadyOptions | undefined,
  sources: ReadySources,
  issues: Issues,
): IsReady {
  if (value !== undefined) checkKeys(issues, value, ['store', 'upstreams'])
  const store = optionalFunction(issues, 'store', value?.store)
  const asked = booleanOption(issues, 'upstreams', value?.upstreams, false)
    ? [...sources.upstreams.values()]
    : []
  const { clock, emit, fetch } = sources
  let last: { readonly at: number; readonly ok: boolean } | undefined
  let asking: number | undefined

  const readCached = (): boolean | undefined => {
    const age = last === undefined ? -1 : clock() - last.at
    return age >= 0 && age < cacheMs ? last?.ok : undefined
  }

  async function checkOne(
    subject: string,
    look: (signal: AbortSignal) => Promise<string | undefined>,
  ): Promise<boolean> {
    let reason: string | undefined
    try {
      reason = await withTimeout(maxWaitMs, look)
    } catch (error) {
      reason = error instanceof TimeoutError ? 'timeout' : 'unreachable'
    }
    if (reason !== undefined) emit({ type: 'not-ready', subject, reason })
    return reason === undefined
  }

  async function runProbes(env: unknown, settings: Settings): Promise<boolean> {
    const answers = await Promise.all([
      store === undefined || checkOne('store', () => store(env).then(() => undefined)),
      ...asked.map((upstream) =>
        checkOne(upstream.name, (signal) =>
          probeUpstream({ fetch, env }, upstream, settings, signal),
        ),
      ),
    ])
    const ok = answers.every(Boolean)
    last = { at: clock(), ok }
    return ok
  }

  return async (env, settings) => {
    if (store === undefined && asked.length === 0) return true
    // One asks, the others look for what it found: on Workers no request can wait for what another one asked. Nor does one
    // that is left by its client say so: when its time is up one other takes its place, and the rest wait for that one.
    for (let whom = asking, waited = 0; ; waited += stepMs) {
      const ok = readCached()
      if (ok !== undefined) return ok
      if (asking !== whom) {
        whom = asking
        waited = 0
      }
      if (whom === undefined || waited > maxWaitMs) break
      await new Promise((done) => setTimeout(done, stepMs))
    }
    const mine = Math.random()
    asking = mine
    try {
      return await runProbes(env, settings)
    } finally {
      if (asking === mine) asking = undefined
    }
  }
}
