/**
 * Calls a verb of a Durable Object over its `fetch`, within a time limit, and translates the errors.
 * The session store and both limiters in Durable Objects create a caller from their options and make
 * every call through it; the entry point exports `ObjectOptions`.
 *
 * Wrong options are reported as issues, a wrong binding in the environment throws `ERR_CONFIG`. A call
 * throws a `StoreError`, after one repetition and an event: `ERR_STORE_UNAVAILABLE` where the object
 * does not answer or answers an error status, `ERR_STORE_REFUSED` for an answer of another version.
 */
import {
  checkKeys,
  type Issues,
  optionalListener,
  parseWholeNumber,
  resolveFrom,
} from '../../options/index.ts'
import { StoreError } from '../../redis/failure.ts'
import type { Emit, FromEnv, ProjectEnv } from '../../types.ts'
import { sendWithRetry } from '../calls/send-with-retry.ts'
import type { ObjectNamespace } from './platform.ts'

/** Options that name the objects; sessions, limits and the throttle share them. */
export interface ObjectOptions<E = ProjectEnv> {
  /** The binding of the class `PortcullisObject`: `(c) => c.env.PORTCULLIS`. */
  readonly namespace: FromEnv<ObjectNamespace, E>
  /** The prefix of every object's name. Default `portcullis:`. Use another one for each environment. */
  readonly prefix?: string
  /**
   * Number of objects over which visitors' sessions and the keys of limits are spread. Default 256, at most 4,096.
   * Changing it ends visitors' sessions and resets limits. Each user's sessions have an object of their own.
   */
  readonly shards?: number
  /** Location hint for new objects: `weur`, `enam` and so on. Default: near the first request. */
  readonly locationHint?: string
  /** Milliseconds for one verb, a second try included. Default 1000, at most 30,000. */
  readonly timeoutMs?: number
  /** Receives `store-unavailable` and `store-refused`, each with a reason. Holds no name of an object. */
  readonly onEvent?: Emit
}

/** Names of these options. */
export const objectKeys: readonly string[] = [
  'namespace',
  'prefix',
  'shards',
  'locationHint',
  'timeoutMs',
  'onEvent',
]

/** Calls objects by name. */
export interface ObjectCaller {
  /** Returns the name of the object among `shards` that a digest belongs to. */
  shardName(kind: string, digest: string): string
  /** Calls a verb. @throws {StoreError} */
  call(env: unknown, name: string, verb: string, args: readonly unknown[]): Promise<unknown>
  /** Validates the binding in the environment. @throws {ConfigError} `ERR_CONFIG` */
  check(env: unknown): void
}

/** Milliseconds before the second try, which Cloudflare advises for temporary errors. */
const pauseMs = 50

/** Validates the options and creates a caller. Problems are added to `issues`. */
export function createObjectCaller<E>(
  options: Partial<ObjectOptions<E>> | undefined,
  extraKeys: readonly string[],
  issues: Issues,
): ObjectCaller {
  checkKeys(issues, options, [...objectKeys, ...extraKeys])
  const given: Partial<ObjectOptions<never>> = { ...options } as Partial<ObjectOptions<never>>
  const readNamespace = resolveFrom(issues, 'namespace', given.namespace, validateNamespace)
  const prefix = validatePrefix(given.prefix, issues)
  const shardCount =
    parseWholeNumber(issues, 'shards', given.shards, {
      min: 1,
      max: 4_096,
      unit: 'objects',
    }) ?? 256
  const timeoutMs =
    parseWholeNumber(issues, 'timeoutMs', given.timeoutMs, {
      min: 10,
      max: 30_000,
      unit: 'milliseconds',
    }) ?? 1000
  const emit = optionalListener(issues, 'onEvent', given.onEvent) ?? (() => {})
  const { locationHint } = given
  if (locationHint !== undefined && !/^[a-z]{2,10}$/.test(`${locationHint}`))
    issues.add('locationHint', 'must be a location hint of Cloudflare, such as weur')

  async function send(env: unknown, name: string, body: string): Promise<unknown> {
    const namespace = readNamespace(env)
    const stub = namespace.get(
      namespace.idFromName(prefix + name) as never,
      (locationHint === undefined ? undefined : { locationHint }) as never,
    )
    const response = (await stub.fetch('https://portcullis.internal/', {
      method: 'POST',
      body,
    })) as Response
    if (!response.ok) throw createUnavailable(`object-${response.status}`)
    return response.json()
  }

  return {
    shardName: (kind, digest) => `${kind}:${hashText(digest) % shardCount}`,
    check: (env) => void readNamespace(env),
    async call(env, name, verb, args) {
      // Read before the call: a wrong binding is a configuration error and must not be reported as an outage.
      readNamespace(env)
      const body = JSON.stringify([verb, ...args])
      try {
        return await sendWithRetry(() => send(env, name, body), {
          ...{ timeoutMs, pauseMs, createFailure, createUnavailable },
        })
      } catch (error) {
        const failure = error as StoreError
        const type = failure.code === 'ERR_STORE_REFUSED' ? 'store-refused' : 'store-unavailable'
        emit({ type, reason: failure.reason, subject: verb })
        throw failure
      }
    },
  }
}

/** Translates an error into one without its text, which may contain the name of the object. */
function createFailure(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const overloaded = (error as { overloaded?: unknown } | undefined)?.overloaded === true
  return createUnavailable(overloaded ? 'overloaded' : 'network')
}

function createUnavailable(reason: string): StoreError {
  const message = `The Durable Object is not available (${reason})`
  return new StoreError('ERR_STORE_UNAVAILABLE', reason, message)
}

/** Creates the error for an answer of an unexpected shape. */
export function createStrangeAnswer(): StoreError {
  return new StoreError(
    'ERR_STORE_REFUSED',
    'strange-answer',
    'The Durable Object returned an unknown answer: deploy the same version of this library for ' +
      'PortcullisObject and for the Worker that calls it',
  )
}

function validateNamespace(value: ObjectNamespace, issues: Issues): ObjectNamespace {
  if (typeof value?.get !== 'function' || typeof value.idFromName !== 'function')
    issues.add('', 'must be the binding of a Durable Object class')
  return value
}

function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis:'
  if (typeof value === 'string' && /^[!-~]{1,64}$/.test(value)) return value
  issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}

/** Hashes a text with 32-bit FNV-1a, to spread digests evenly. It is not a cryptographic hash. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
