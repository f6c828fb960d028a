/**
 * Creates `uptime()`, which probes upstreams and the store on a schedule and notifies a webhook
 * once when one goes down and once when it is back. Applications pass it to the gateway's option
 * `uptime`, and the gateway's cron handler runs it. Wrong options throw a `ConfigError` while
 * building. A run does not reject: a webhook that fails is the event `webhook-failed`, and the
 * notice is sent again after the next probe; a store of the state that fails is ignored, so that
 * the isolate's own memory counts.
 */
import { isPortcullisError } from '../errors.ts'
import {
  checkKeys,
  createIssues,
  type Issues,
  parseWholeNumber,
  resolveFrom,
} from '../options/index.ts'
import type { Clock, Emit, FromEnv, ProjectEnv } from '../types.ts'
import { TimeoutError, withTimeout } from './timeout.ts'
import { type RememberedState, readMemory, updateState, writeMemory } from './uptime-record.ts'
import {
  type Notice,
  parseWebhookKey,
  parseWebhookUrl,
  postNotice,
  type StateChange,
} from './webhook.ts'

/** A store of the last states. Schedules run in any isolate, so the memory of one is not enough. */
export interface UptimeState {
  /**
   * Resolves to the stored text, or undefined where there is none; then the isolate's own memory is
   * used.
   */
  read(env: unknown): Promise<string | undefined>
  /** Stores a text in place of the previous one. */
  write(env: unknown, stateText: string): Promise<void>
}

/** The options of the uptime check. */
export interface UptimeOptions<E = ProjectEnv> {
  /**
   * The https URL to which changes are posted. It is a secret, because anyone who knows it can
   * post. Default, and where the environment has none: changes are only emitted as events.
   */
  readonly webhook?: FromEnv<string, E>
  /**
   * The key that signs notices (`Portcullis-Signature`), so that the receiver knows who sent them.
   * At least 32 characters. Default: notices are not signed.
   */
  readonly key?: FromEnv<string, E>
  /**
   * The number of consecutive failures with which a service counts as down. Default 2, so that one
   * lost packet notifies nobody; at most 100.
   */
  readonly failures?: number
  /**
   * The store of the last states, such as `redisState(client)`. Default: the memory of this
   * isolate. A new isolate then assumes that every service is up, counts failures from zero, and
   * notifies again about a service that stays down.
   */
  readonly state?: UptimeState
  /** The time limit of each probe and each post, in ms. Default 5,000, at most 30,000. */
  readonly timeoutMs?: number
}

/** A service to probe. */
export interface Watched {
  /** The kind of the service. */
  readonly kind: StateChange['kind']
  /** The name in events and notices. */
  readonly name: string
  /**
   * Probes the service. Resolves to the reason of a failure, or to undefined if the service is
   * healthy; a rejection is a failure too.
   */
  look(signal: AbortSignal): Promise<string | undefined>
}

/** The context of one run. */
export interface UptimeRun {
  /** The environment, which options that are functions receive as `c.env`. */
  readonly env: unknown
  /** The name of the deployment that sends the notice. */
  readonly service: string
  /**
   * Receives the events `upstream-down`, `upstream-up`, `store-down`, `store-up` and
   * `webhook-failed`.
   */
  readonly emit: Emit
  /** Receives the `ConfigError` for an option that is invalid in this environment. */
  readonly report: (error: unknown) => void
  /** The function that sends the notice. */
  readonly fetch: typeof fetch
  /** Returns the current time in ms. */
  readonly clock: Clock
}

/** An uptime check. */
export interface Uptime {
  /** Probes every service once, and notifies about changes. It does not reject. */
  run(services: readonly Watched[], run: UptimeRun): Promise<void>
}

const keys: ReadonlyArray<keyof UptimeOptions> = [
  'webhook',
  'key',
  'failures',
  'state',
  'timeoutMs',
]

/**
 * Creates an uptime check for the option `uptime` of a gateway whose Worker has a cron trigger.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * createGateway({ uptime: uptime({ webhook: (c) => c.env.WEBHOOK_URL }), upstreams, routes })
 */
export function uptime<E = ProjectEnv>(options: UptimeOptions<E> = {}): Uptime {
  const issues = createIssues('uptime')
  checkKeys(issues, options, keys)

  const input: UptimeOptions<never> = { ...options }
  const webhookUrl = resolveWhereSet(issues, 'webhook', input.webhook, parseWebhookUrl)
  const webhookKey = resolveWhereSet(issues, 'key', input.key, parseWebhookKey)
  const failureThreshold =
    parseWholeNumber(issues, 'failures', input.failures, {
      min: 1,
      max: 100,
      unit: 'failures',
    }) ?? 2

  const timeoutMs = parseWholeNumber(issues, 'timeoutMs', input.timeoutMs, bounds) ?? 5000
  const { state } = input

  if (
    state !== undefined &&
    (typeof state?.read !== 'function' || typeof state.write !== 'function')
  ) {
    issues.add(
      'state',
      'must be an object with the functions read and write, such as redisState(client)',
    )
  }

  issues.throwIfAny()
  let lastStates = new Map<string, RememberedState>()

  async function loadState(env: unknown): Promise<void> {
    if (state === undefined) return
    try {
      const stateText = await withTimeout(timeoutMs, () => state.read(env))
      if (stateText !== undefined) lastStates = readMemory(stateText)
    } catch {
      // The store itself may be down. The isolate's own memory is used then.
    }
  }

  const notices: NoticeOptions = { webhookUrl, webhookKey, timeoutMs }

  return {
    async run(services, run): Promise<void> {
      const probeResults = await Promise.all(
        services.map((probedService) => probe(probedService, timeoutMs)),
      )
      await loadState(run.env)

      const { states, changes } = compareStates(services, probeResults, {
        lastStates,
        failureThreshold,
        now: run.clock(),
      })

      if (changes.length > 0 && !(await sendNotices(notices, changes, run)))
        restoreStates(states, changes)

      lastStates = states
      await withTimeout(timeoutMs, async () => state?.write(run.env, writeMemory(states))).catch(
        () => {},
      )
    },
  }
}

/** The state before a run, and when a service counts as down. */
interface Comparison {
  readonly lastStates: ReadonlyMap<string, RememberedState>
  readonly failureThreshold: number
  readonly now: number
}

/** Computes the states after a run, and the changes to notify. */
function compareStates(
  services: readonly Watched[],
  probeResults: ReadonlyArray<string | undefined>,
  { lastStates, failureThreshold, now }: Comparison,
): { readonly states: Map<string, RememberedState>; readonly changes: readonly StateChange[] } {
  const states = new Map<string, RememberedState>()
  const changes: StateChange[] = []

  for (const [index, { kind, name }] of services.entries()) {
    const serviceId = `${kind}:${name}`
    const [previousState, reason] = [lastStates.get(serviceId), probeResults[index]]
    const updatedState = updateState(previousState, reason !== undefined, failureThreshold, now)

    states.set(serviceId, updatedState)
    if (updatedState.down === (previousState?.down ?? false)) continue

    changes.push({
      kind,
      name,
      state: updatedState.down ? 'down' : 'up',
      ...(reason !== undefined && { reason }),
      since: new Date(updatedState.since).toISOString(),
    })
  }

  return { states, changes }
}

/**
 * Undoes the changes in `states`, so that a receiver that could not be reached is notified after
 * the next probe.
 */
function restoreStates(
  states: Map<string, RememberedState>,
  changes: readonly StateChange[],
): void {
  for (const { kind, name, state } of changes) {
    const serviceId = `${kind}:${name}`
    const updatedState = states.get(serviceId)
    if (updatedState !== undefined) states.set(serviceId, { ...updatedState, down: state === 'up' })
  }
}

/** The receiver of notices. */
interface NoticeOptions {
  readonly webhookUrl: (env: unknown) => string | undefined
  readonly webhookKey: (env: unknown) => string | undefined
  readonly timeoutMs: number
}

/**
 * Emits the changes as events and posts them to the webhook. Returns false if the webhook did not
 * accept them.
 */
async function sendNotices(
  { webhookUrl, webhookKey, timeoutMs }: NoticeOptions,
  changes: readonly StateChange[],
  { env, service, emit, report, fetch, clock }: UptimeRun,
): Promise<boolean> {
  for (const { kind, name, state, reason } of changes) {
    emit({ type: `${kind}-${state}`, subject: name, ...(reason !== undefined && { reason }) })
  }

  try {
    const [noticeUrl, signingKey] = [webhookUrl(env), webhookKey(env)]
    if (noticeUrl === undefined) return true

    const now = clock()
    await postNotice(
      createNotice(changes, service, now),
      { url: noticeUrl, key: signingKey, timeoutMs, now },
      fetch,
    )

    return true
  } catch (error) {
    if (isPortcullisError(error, 'ERR_CONFIG')) report(error)
    emit({ type: 'webhook-failed', reason: describeError(error) })
    return false
  }
}

/**
 * Resolves an option that an environment may lack, such as a staging environment without a webhook.
 */
function resolveWhereSet(
  issues: Issues,
  option: string,
  optionValue: FromEnv<string, never> | undefined,
  validateValue: (optionValue: string, issues: Issues) => string,
): (env: unknown) => string | undefined {
  if (optionValue === undefined) return () => undefined

  const resolve = resolveFrom(issues, option, optionValue, validateValue)
  if (typeof optionValue !== 'function') return resolve

  const resolveFunction = optionValue as (c: { env: unknown }) => string | undefined

  return (env) => (resolveFunction({ env }) ? resolve(env) : undefined)
}

const bounds = { min: 10, max: 30_000, unit: 'milliseconds' } as const

/** Probes a service. Returns the reason of a failure, or undefined if the service is healthy. */
async function probe(service: Watched, timeoutMs: number): Promise<string | undefined> {
  try {
    return await withTimeout(timeoutMs, (signal) => service.look(signal))
  } catch (error) {
    return describeError(error)
  }
}

/** Describes an error in one word. Its message is not used, because it may contain an address. */
function describeError(error: unknown): string {
  if (error instanceof TimeoutError) return 'timeout'
  if (isPortcullisError(error)) return error.code
  return error instanceof Error && /^http-\d{3}$/.test(error.message)
    ? error.message
    : 'unreachable'
}

function createNotice(changes: readonly StateChange[], service: string, now: number): Notice {
  const sentences = changes.map(
    ({ name, state, reason }) => `${name} is ${state}${reason ? ` (${reason})` : ''}`,
  )
  return {
    event: 'uptime',
    text: `${service}: ${sentences.join(', ')}`,
    service,
    time: new Date(now).toISOString(),
    changes,
  }
}
