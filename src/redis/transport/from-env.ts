/**
 * Reads the address of Redis from the variables that Upstash and Vercel set. Applications call
 * `redis.fromEnv()`. Missing or contradicting variables are a `ConfigError` at the first call,
 * which names each of them.
 */
import { createIssues } from '../../options/index.ts'
import type { Redis } from '../client.ts'
import type { RedisOptions } from '../options.ts'
import { redis } from '../redis.ts'

/** Options of {@link redisFromEnv}. Absent = default. */
export interface RedisFromEnvOptions extends Omit<RedisOptions, 'url' | 'token'> {
  /** The prefix of the names of the variables: `STORAGE_` where Vercel's marketplace was given that prefix. Default none. */
  readonly prefix?: string
}

interface VariablePair {
  readonly url: string
  readonly token: string
}

/** In the order in which `Redis.fromEnv()` of `@upstash/redis` looks for them. */
const pairs: readonly VariablePair[] = [
  { url: 'UPSTASH_REDIS_REST_URL', token: 'UPSTASH_REDIS_REST_TOKEN' },
  { url: 'KV_REST_API_URL', token: 'KV_REST_API_TOKEN' },
]
const readOnlyToken = 'KV_REST_API_READ_ONLY_TOKEN'
const tcpNames: readonly string[] = ['REDIS_URL', 'KV_URL']

/**
 * Makes a client from `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or from `KV_REST_API_URL` and
 * `KV_REST_API_TOKEN` as Vercel sets them. They are read at each request from the environment of the
 * request, and where that has none of them from `process.env`.
 *
 * The address of one pair with the token of the other, two pairs that name two databases, and
 * `KV_REST_API_READ_ONLY_TOKEN` are refused by name: reading a session notes when it was last seen.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function redisFromEnv(options: RedisFromEnvOptions = {}): Redis {
  const { prefix = '', ...rest } = { ...options }
  const issues = createIssues('redis.fromEnv')
  if (typeof prefix !== 'string' || !/^\w*$/.test(prefix))
    issues.add('prefix', 'must be a prefix of variable names: letters, digits and _')
  issues.throwIfAny()

  return redis({
    ...rest,
    url: ({ env }: { env: unknown }) => readVariables(env, prefix).url,
    token: ({ env }: { env: unknown }) => readVariables(env, prefix).token,
  })
}

/** The address and the token of the one pair that is set. @throws {ConfigError} naming each variable that is wrong */
export function readVariables(env: unknown, prefix = ''): VariablePair {
  const readVariable = createReader(env, prefix)
  const issues = createIssues()
  const named = pairs.map((pair) => ({
    url: readVariable(pair.url),
    token: readVariable(pair.token),
  }))
  const found = named.find(({ url, token }) => url !== undefined && token !== undefined)

  if (found === undefined) reportMissing(readVariable, prefix, issues.add)
  else reportConflicts(readVariable, prefix, named, issues.add)
  issues.throwIfAny()
  return found as VariablePair
}

type ReadVariable = (name: string) => string | undefined
type AddIssue = (optionName: string, problem: string) => void
type FoundPair = Readonly<Record<keyof VariablePair, string | undefined>>

/** Reads from the request's environment where any of the names is set there, else from the process. */
function createReader(env: unknown, prefix: string): ReadVariable {
  const { process } = globalThis as { process?: { env?: unknown } }
  const names = [...pairs.flatMap(({ url, token }) => [url, token]), readOnlyToken]
  const places = [env, process?.env] as ReadonlyArray<Record<string, unknown> | undefined>
  const place = places.find((each) => names.some((name) => isText(readFrom(each, prefix + name))))

  return (name) => {
    const variableValue = readFrom(place ?? places.find(Boolean), prefix + name)
    return isText(variableValue) ? variableValue : undefined
  }
}

/** Deno throws where the process may not read its environment: then nothing is set there. */
function readFrom(place: Record<string, unknown> | undefined, name: string): unknown {
  try {
    return place?.[name]
  } catch {
    return undefined
  }
}

function isText(variableValue: unknown): variableValue is string {
  return typeof variableValue === 'string' && variableValue !== ''
}

function reportMissing(readVariable: ReadVariable, prefix: string, add: AddIssue): void {
  const [upstash, kv] = pairs as [VariablePair, VariablePair]
  const set = pairs.flatMap(({ url, token }) => [url, token]).filter((name) => readVariable(name))

  if (set.length === 2) {
    const [first, second] = set.map((name) => prefix + name)
    add(`${first}`, `and ${second} are halves of two pairs; set both variables of one of them`)
    return
  }
  if (readVariable(readOnlyToken) !== undefined) {
    add(
      prefix + readOnlyToken,
      `cannot be used, since reading a session writes; set ${prefix}${kv.token}`,
    )
    return
  }
  if (set.length === 1) {
    const half = pairs.find(({ url, token }) => url === set[0] || token === set[0]) ?? upstash
    add(prefix + (set[0] === half.url ? half.token : half.url), 'is not set')
    return
  }

  const tcp = tcpNames.find((name) => readVariable(name))
  for (const name of [upstash.url, upstash.token]) add(prefix + name, 'is not set')
  if (tcp !== undefined)
    add(prefix + tcp, 'is an address of Redis’s own protocol; use redis({ send }) with it')
}

function reportConflicts(
  readVariable: ReadVariable,
  prefix: string,
  named: readonly FoundPair[],
  add: AddIssue,
): void {
  const [first, second] = named as [FoundPair, FoundPair]
  const strip = (url: string | undefined): string | undefined => url?.replace(/\/$/, '')
  const names = pairs as [VariablePair, VariablePair]
  if (first.url && second.url && strip(first.url) !== strip(second.url)) {
    add(prefix + names[0].url, `and ${prefix}${names[1].url} name two databases; set one pair`)
  } else if (first.token && second.token && first.token !== second.token) {
    add(prefix + names[0].token, `and ${prefix}${names[1].token} differ; set one pair`)
  }

  const readOnly = readVariable(readOnlyToken)
  for (const [at, { token }] of named.entries()) {
    const name = names[at]?.token ?? ''
    if (readOnly !== undefined && token === readOnly)
      add(prefix + name, `holds the token of ${prefix}${readOnlyToken}; reading a session writes`)
  }
}
