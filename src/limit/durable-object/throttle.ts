/**
 * Creates `durableObjectThrottle()`, which stores failed logins in Durable Objects: an attempt is
 * counted on several counters, each in the object of its shard. Applications pass it as `store` to
 * `loginThrottle()` and to the gateway's login throttle. Wrong options throw a `ConfigError` while
 * building. The objects of one attempt are called in parallel and not in one transaction: where one
 * denies or fails, the counts of the others are taken back, as far as these can be reached. A
 * failure rejects with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`, and the login must not be
 * tried.
 */
import { createIssues } from '../../options/index.ts'
import {
  createObjectCaller,
  createStrangeAnswer,
  type ObjectCaller,
  type ObjectOptions,
} from '../../store/durable-object/call.ts'
import type { ProjectEnv } from '../../types.ts'
import type {
  AttemptReply,
  Counters,
  Daily,
  Outcome,
  Streak,
  ThrottleStore,
} from '../throttle/stores/store.ts'

/** The counters of an attempt that one object stores, with their positions among all counters. */
interface ObjectPart {
  readonly name: string
  readonly ticket: string
  readonly streaks: Streak[]
  readonly days: Daily[]
  readonly streakPlaces: number[]
  readonly dayPlaces: number[]
}

type Denied = Extract<AttemptReply, { is: 'denied' }>

/**
 * Creates a store of failed logins in Durable Objects of the class `PortcullisObject`. The objects
 * of an attempt are called in parallel. Where one denies, the counts of the others are taken back.
 * Until then they are counted, so an attempt at the same moment may be denied although it is within
 * its limits; none is allowed that should not be.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * loginThrottle({ store: durableObjectThrottle({ namespace: (c) => c.env.PORTCULLIS }), ...options })
 */
export function durableObjectThrottle<E = ProjectEnv>(options: ObjectOptions<E>): ThrottleStore {
  const issues = createIssues('durableObjectThrottle')
  const caller = createObjectCaller(options, [], issues)
  issues.throwIfAny()

  return {
    check: (env) => caller.check(env),
    async attempt(counters, nowMs, { env }) {
      const parts = divide(caller, counters)
      const settlements = await Promise.allSettled(
        parts.map((part) => askObject(caller, env, part, nowMs)),
      )
      const replies = settlements.map((each) =>
        each.status === 'fulfilled' ? each.value : undefined,
      )
      const failure = settlements.find((each) => each.status === 'rejected')
      const denials = replies.filter((reply): reply is Denied => reply?.is === 'denied')
      if (failure === undefined && denials.length === 0)
        return mergeReplies(parts, replies, counters)

      // Objects that cannot be reached keep their count, as if the attempt had failed.
      const allowed = parts.filter((_, place) => replies[place]?.is === 'allowed')
      await Promise.allSettled(allowed.map((part) => settleObject(caller, env, part, 'void')))
      if (failure !== undefined) throw failure.reason
      return denials.reduce((worst, denial) => (denial.waitMs > worst.waitMs ? denial : worst))
    },
    async settle(counters, outcome, _nowMs, { env }) {
      const parts = divide(caller, counters)
      const settlements = await Promise.all(
        parts.map((part) => settleObject(caller, env, part, outcome)),
      )
      return settlements.every(Boolean)
    },
  }
}

function divide(caller: ObjectCaller, { ticket, streaks, days }: Counters): ObjectPart[] {
  const parts = new Map<string, ObjectPart>()

  function findPart(limitKey: string): ObjectPart {
    const name = caller.shardName('t', limitKey)
    const empty = { name, ticket, streaks: [], days: [], streakPlaces: [], dayPlaces: [] }
    const part = parts.get(name) ?? empty
    parts.set(name, part)
    return part
  }

  for (const [place, streak] of streaks.entries()) {
    const part = findPart(streak.key)
    part.streaks.push(streak)
    part.streakPlaces.push(place)
  }
  for (const [place, day] of days.entries()) {
    const part = findPart(day.key)
    part.days.push(day)
    part.dayPlaces.push(streaks.length + place)
  }
  return [...parts.values()]
}

/** Asks one object, and translates the position in its answer to that among all counters. */
async function askObject(
  caller: ObjectCaller,
  env: unknown,
  part: ObjectPart,
  nowMs: number,
): Promise<AttemptReply> {
  const { name, ticket, streaks, days } = part
  const answer = await caller.call(env, name, 'attempt', [{ ticket, streaks, days }, nowMs])
  const reply = parseReply(answer, streaks.length + days.length)
  if (reply.is === 'allowed') return reply
  return { ...reply, by: [...part.streakPlaces, ...part.dayPlaces][reply.by] ?? 0 }
}

async function settleObject(
  caller: ObjectCaller,
  env: unknown,
  { name, ticket, streaks, days }: ObjectPart,
  outcome: Outcome,
): Promise<boolean> {
  return (await caller.call(env, name, 'settle', [{ ticket, streaks, days }, outcome])) === true
}

function mergeReplies(
  parts: readonly ObjectPart[],
  replies: ReadonlyArray<AttemptReply | undefined>,
  { streaks, days }: Counters,
): AttemptReply {
  const failures = new Array<number>(streaks.length + days.length).fill(0)
  for (const [index, { streakPlaces, dayPlaces }] of parts.entries()) {
    const reply = replies[index]
    for (const [order, place] of [...streakPlaces, ...dayPlaces].entries())
      failures[place] = (reply?.is === 'allowed' ? reply.failures[order] : undefined) ?? 0
  }
  return { is: 'allowed', failures }
}

/**
 * Parses the answer of an object. Any other value throws `ERR_STORE_REFUSED`, so it allows no
 * attempt.
 */
function parseReply(replyValue: unknown, count: number): AttemptReply {
  const { is, failures, waitMs, by } = (replyValue ?? {}) as Record<string, unknown>
  const isCount = (number: unknown): number is number =>
    Number.isSafeInteger(number) && (number as number) >= 0
  if (is === 'allowed' && Array.isArray(failures) && failures.length === count)
    if (failures.every(isCount)) return { is, failures }
  if (is === 'denied' && Number.isFinite(waitMs) && isCount(by))
    return { is, waitMs: waitMs as number, by }
  throw createStrangeAnswer()
}
