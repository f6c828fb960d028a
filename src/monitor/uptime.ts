/**
 * Checks upstreams and the store on a schedule, and notifies when one goes down or comes back:
 * once for each change. The gateway's cron handler runs it. A notice that fails is sent again
 * after the next probe; wrong options are a `ConfigError`.
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

/** Where it is remembered who is down: schedules run in whatever isolate there is. */
export interface UptimeState {
  /** Resolves with undefined where nothing was written: then the isolate's own memory counts. */
  read(env: unknown): Promise<string | undefined>
  /** Remembers a text, in the place of the one before. */
  write(env: unknown, stateText: string): Promise<void>
}

/** The options of uptime notifications: receivers and thresholds. */
export interface UptimeOptions<E = ProjectEnv> {
  /**
   * Where changes are posted: an https address, and a secret. Default, and where the environment has none: they are events and
   * nothing else.
   */
  readonly webhook?: FromEnv<string, E>
  /** Signs what is posted (`Portcullis-Signature`), so that the receiver knows who it is from. At least 32 characters. */
  readonly key?: FromEnv<string, E>
  /**
   * Failures in a row before a service counts as down. Default 2, so that one lost packet notifies
   * nobody; at most 100.
   */
  readonly failures?: number
  /**
   * Where the last state is remembered, such as `redisState(client)`. Default: in this isolate alone, and an isolate that is
   * new takes everything for up: it counts from the start, and of something that stays down it tells again.
   */
  readonly state?: UptimeState
  /** Milliseconds for each probe, and for each post. Default 5,000, at most 30,000. */
  readonly timeoutMs?: number
}

/** Something to look at. */
export interface Watched {
  /** An upstream, or the store. */
  readonly kind: StateChange['kind']
  /** Name in events and notices. */
  readonly name: string
  /**
   * Resolves with the reason of a failure, or with undefined if the service is healthy; a rejection
   * is a failure too.
   */
  look(signal: AbortSignal): Promise<string | undefined>
}

/** The context of a run, from the scheduler. */
export interface UptimeRun {
  /** The environment: `c.env` of `FromEnv` functions. */
  readonly env: unknown
  /** Which deployment looks, for the notice. */
  readonly service: string
  /** Takes events `upstream-down`, `upstream-up`, `store-down`, `store-up` and `webhook-failed`. */
  readonly emit: Emit
  /** Takes what is wrong with the options in this environment. */
  readonly report: (error: unknown) => void
  /** Sends the notice. */
  readonly fetch: typeof fetch
  /** Now, in milliseconds. */
  readonly clock: Clock
}

/** Looks at everything once. */
export interface Uptime {
  /** Never rejects. */
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
    issues.add('state', 'must have read and write, such as redisState(client)')
  }

  issues.throwIfAny()
  let remembered = new Map<string, RememberedState>()

  async function loadState(env: unknown): Promise<void> {
    if (state === undefined) return
    try {
      const stateText = await withTimeout(timeoutMs, () => state.read(env))
      if (stateText !== undefined) remembered = readMemory(stateText)
    } catch {
      // The store itself may be down: continue with this isolate's own memory.
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
        remembered,
        failureThreshold,
        now: run.clock(),
      })

      if (changes.length > 0 && !(await sendNotices(notices, changes, run)))
        restoreStates(states, changes)

      remembered = states
      await withTimeout(timeoutMs, async () => state?.write(run.env, writeMemory(states))).catch(
        () => {},
      )
    },
  }
}

/** The state before a run, and when a service counts as down. */
interface Comparison {
  readonly remembered: ReadonlyMap<string, RememberedState>
  readonly failureThreshold: number
  readonly now: number
}

/** Computes the states after a run, and the changes to notify. */
function compareStates(
  services: readonly Watched[],
  probeResults: ReadonlyArray<string | undefined>,
  { remembered, failureThreshold, now }: Comparison,
): { readonly states: Map<string, RememberedState>; readonly changes: readonly StateChange[] } {
  const states = new Map<string, RememberedState>()
  const changes: StateChange[] = []

  for (const [index, { kind, name }] of services.entries()) {
    const serviceId = `${kind}:${name}`
    const [previousState, reason] = [remembered.get(serviceId), probeResults[index]]
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

/** Takes the changes back, so that a receiver that could not be reached is notified after the next probe. */
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

/** Where notices are sent. */
interface NoticeOptions {
  readonly webhookUrl: (env: unknown) => string | undefined
  readonly webhookKey: (env: unknown) => string | undefined
  readonly timeoutMs: number
}

/** Emits the changes as events and sends them to the webhook. Returns false if the webhook did not take them. */
async function sendNotices(
  { webhookUrl, webhookKey, timeoutMs }: NoticeOptions,
  changes: readonly StateChange[],
  { env, service, emit, report, fetch, clock }: UptimeRun,
): Promise<boolean> {
  for (const { kind, name, state, reason } of changes) {
    emit({ type: `${kind}-${state}`, subject: name, ...(reason !== undefined && { reason }) })
  }

  try {
    const [noticeUrl, signing] = [webhookUrl(env), webhookKey(env)]
    if (noticeUrl === undefined) return true

    const now = clock()
    await postNotice(
      createNotice(changes, service, now),
      { url: noticeUrl, key: signing, timeoutMs, now },
      fetch,
    )

    return true
  } catch (error) {
    if (isPortcullisError(error, 'ERR_CONFIG')) report(error)
    emit({ type: 'webhook-failed', reason: describeError(error) })
    return false
  }
}

/** Resolves an option that an environment need not hold: staging notifies nobody. */
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

/** Probes a service. Returns the reason of a failure; undefined if it is healthy. */
async function probe(probed: Watched, timeoutMs: number): Promise<string | undefined> {
  try {
    return await withTimeout(timeoutMs, (signal) => probed.look(signal))
  } catch (error) {
    return describeError(error)
  }
}

/** Describes an error in one word: its message may quote an address. */
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
