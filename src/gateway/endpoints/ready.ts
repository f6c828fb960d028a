/**
 * Decides whether this gateway can serve: its environment and, on request, its store and
 * upstreams, probed every five seconds at most. The readiness endpoint calls it. A probe that
 * fails or takes longer than 500 ms makes the gateway not ready, with an event.
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

/** Whether all is well. */
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

/** Validates the option and makes the question. */
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
    const answers = await Promise.all([
      store === undefined || checkOne('store', () => store(env).then(() => undefined)),
      ...probedUpstreams.map((upstream) =>
        checkOne(upstream.name, (signal) =>
          probeUpstream({ fetch, env }, upstream, settings, signal),
        ),
      ),
    ])

    const isReady = answers.every(Boolean)
    lastResult = { at: clock(), ok: isReady }

    return isReady
  }

  return async (env, settings) => {
    if (store === undefined && probedUpstreams.length === 0) return true
    // One asks, the others look for what it found: on Workers no request can wait for what another one asked. Nor does one
    // that is left by its client say so: when its time is up one other takes its place, and the rest wait for that one.
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
