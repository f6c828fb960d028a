/**
 * Decides whether a gateway is ready for requests, by probing its store and its upstreams if the option
 * `ready` says so. `config/operations.ts` creates the function, and the readiness endpoint in
 * `built-in.ts` calls it. A probe that fails or takes longer than 500 ms makes the gateway not ready and
 * emits `not-ready` with the reason; no error is thrown. A result is used for five seconds. Requests that
 * arrive during a probe poll for its result and probe themselves after 500 ms. Wrong options are issues.
 */
import type { StoreProbe } from '../../monitor/redis.ts'
import { TimeoutError, withTimeout } from '../../monitor/timeout.ts'
import { booleanOption, checkKeys, type Issues, optionalFunction } from '../../options/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { Settings } from '../config/settings.ts'
import type { CompiledUpstream } from '../config/upstreams.ts'
import { probeUpstream } from './probe.ts'

/**
 * The conditions of `/.portcullis/ready`. The client receives yes or no; the event `not-ready`
 * names the reason.
 */
export interface ReadyOptions {
  /**
   * Probes the store, such as `redisProbe(client)`, for half a second at most. Default: no probe.
   */
  readonly store?: StoreProbe
  /**
   * Whether upstreams that have a `probe` are probed too. Default false: while one of several is
   * down the gateway still serves the others, and should not be taken out of service.
   */
  readonly upstreams?: boolean
}

/** Checks whether the gateway is ready. It does not reject. */
export type IsReady = (env: unknown, settings: Settings) => Promise<boolean>

/** Services and upstreams that the probes use. */
export interface ReadySources {
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>
  readonly clock: Clock
  readonly emit: Emit
  readonly fetch: typeof fetch
}

const cacheMs = 5000
const maxWaitMs = 500
const stepMs = 10

/** Validates the option `ready` and creates the function that checks readiness. */
export function createReadiness(
  readyOption: ReadyOptions | undefined,
  sources: ReadySources,
  issues: Issues,
): IsReady {
  if (readyOption !== undefined) checkKeys(issues, readyOption, ['store', 'upstreams'])
  const store = optionalFunction(issues, 'store', readyOption?.store)
  const probedUpstreams = booleanOption(issues, 'upstreams', readyOption?.upstreams, false)
    ? [...sources.upstreams.values()]
    : []
  const { clock, emit, fetch } = sources
  let lastResult: { readonly at: number; readonly ok: boolean } | undefined
  // A random number for the request that is probing; undefined if none is.
  let probeOwner: number | undefined

  const readCached = (): boolean | undefined => {
    const ageMs = lastResult === undefined ? -1 : clock() - lastResult.at
    return ageMs >= 0 && ageMs < cacheMs ? lastResult?.ok : undefined
  }

  async function checkOne(
    subject: string,
    runProbe: (signal: AbortSignal) => Promise<string | undefined>,
  ): Promise<boolean> {
    let reason: string | undefined
    try {
      reason = await withTimeout(maxWaitMs, runProbe)
    } catch (error) {
      reason = error instanceof TimeoutError ? 'timeout' : 'unreachable'
    }

    if (reason !== undefined) emit({ type: 'not-ready', subject, reason })
    return reason === undefined
  }

  async function runProbes(env: unknown, settings: Settings): Promise<boolean> {
    const results = await Promise.all([
      store === undefined || checkOne('store', () => store(env).then(() => undefined)),
      ...probedUpstreams.map((upstream) =>
        checkOne(upstream.name, (signal) =>
          probeUpstream({ fetch, env }, upstream, settings, signal),
        ),
      ),
    ])

    const isReady = results.every(Boolean)
    lastResult = { at: clock(), ok: isReady }

    return isReady
  }

  return async (env, settings) => {
    if (store === undefined && probedUpstreams.length === 0) return true
    // One request probes, and the others poll for its result, since on Workers no request can await the I/O of another
    // one. A request whose client disconnects may stop without notice. So after 500 ms one other request probes in its
    // place, and the rest wait for that one.
    for (let awaitedOwner = probeOwner, waitedMs = 0; ; waitedMs += stepMs) {
      const cachedResult = readCached()
      if (cachedResult !== undefined) return cachedResult
      if (probeOwner !== awaitedOwner) {
        awaitedOwner = probeOwner
        waitedMs = 0
      }

      if (awaitedOwner === undefined || waitedMs > maxWaitMs) break
      await new Promise((resolve) => setTimeout(resolve, stepMs))
    }

    const ownProbe = Math.random()
    probeOwner = ownProbe
    try {
      return await runProbes(env, settings)
    } finally {
      if (probeOwner === ownProbe) probeOwner = undefined
    }
  }
}
