/**
 * Creates a client from the environment variables that Upstash and Vercel set. Applications call it
 * as `redis.fromEnv()`. A wrong prefix throws a `ConfigError` while building. The variables are
 * read at each call: where they are missing, incomplete or contradict each other, the call rejects
 * with `ERR_CONFIG`, naming each of them. A read-only token is not accepted, because reading a
 * session also writes.
 */
import { createIssues } from '../../options/index.ts'
import type { Redis } from '../client.ts'
import type { RedisOptions } from '../options.ts'
import { redis } from '../redis.ts'

/** Options of {@link redisFromEnv}. Absent = default. */
export interface RedisFromEnvOptions extends Omit<RedisOptions, 'url' | 'token'> {
  /**
   * The prefix of the variables' names, such as `STORAGE_` where Vercel's marketplace was given
   * that prefix. Default none.
   */
  readonly prefix?: string
}

interface VariablePair {
  readonly url: string
  readonly token: string
}

/**
 * The pairs of variables, in the order in which `Redis.fromEnv()` of `@upstash/redis` looks for
 * them.
 */
const variablePairs: readonly VariablePair[] = [
  { url: 'UPSTASH_REDIS_REST_URL', token: 'UPSTASH_REDIS_REST_TOKEN' },
  { url: 'KV_REST_API_URL', token: 'KV_REST_API_TOKEN' },
]
const readOnlyToken = 'KV_REST_API_READ_ONLY_TOKEN'
const tcpNames: readonly string[] = ['REDIS_URL', 'KV_URL']

/**
 * Creates a client from `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or from
 * `KV_REST_API_URL` and `KV_REST_API_TOKEN` as Vercel sets them. At each request they are read from
 * the environment of the request or, if it has none of them, from `process.env`.
 *
 * These are errors: the URL of one pair with the token of the other, two pairs of two databases,
 * and `KV_REST_API_READ_ONLY_TOKEN`, because reading a session also writes when it was last seen.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function redisFromEnv(options: RedisFromEnvOptions = {}): Redis {
  const { prefix = '', ...rest } = { ...options }
  const issues = createIssues('redis.fromEnv')
  if (typeof prefix !== 'string' || !/^\w*$/.test(prefix))
    issues.add('prefix', 'must consist of letters, digits and _, as names of variables do')
  issues.throwIfAny()

  return redis({
    ...rest,
    url: ({ env }: { env: unknown }) => readVariables(env, prefix).url,
    token: ({ env }: { env: unknown }) => readVariables(env, prefix).token,
  })
}

/**
 * Reads the URL and the token of the pair that is set.
 *
 * @throws {ConfigError} naming each variable that is wrong
 */
export function readVariables(env: unknown, prefix = ''): VariablePair {
  const readVariable = createReader(env, prefix)
  const issues = createIssues()
  const values = variablePairs.map((pair) => ({
    url: readVariable(pair.url),
    token: readVariable(pair.token),
  }))
  const completePair = values.find(({ url, token }) => url !== undefined && token !== undefined)

  if (completePair === undefined) reportMissing(readVariable, prefix, issues.add)
  else reportConflicts(readVariable, prefix, values, issues.add)
  issues.throwIfAny()
  return completePair as VariablePair
}

type ReadVariable = (name: string) => string | undefined
type AddIssue = (optionName: string, problem: string) => void
type FoundPair = Readonly<Record<keyof VariablePair, string | undefined>>

/**
 * Creates a reader of variables. It reads from the request's environment if any of the names is set
 * there, otherwise from the process.
 */
function createReader(env: unknown, prefix: string): ReadVariable {
  const { process } = globalThis as { process?: { env?: unknown } }
  const names = [...variablePairs.flatMap(({ url, token }) => [url, token]), readOnlyToken]
  const environments = [env, process?.env] as ReadonlyArray<Record<string, unknown> | undefined>
  const source = environments.find((candidate) =>
    names.some((name) => isText(readFrom(candidate, prefix + name))),
  )

  return (name) => {
    const variableValue = readFrom(source ?? environments.find(Boolean), prefix + name)
    return isText(variableValue) ? variableValue : undefined
  }
}

/**
 * Reads a variable. Deno throws where the process may not read its environment; the variable then
 * counts as not set.
 */
function readFrom(source: Record<string, unknown> | undefined, name: string): unknown {
  try {
    return source?.[name]
  } catch {
    return undefined
  }
}

function isText(variableValue: unknown): variableValue is string {
  return typeof variableValue === 'string' && variableValue !== ''
}

function reportMissing(readVariable: ReadVariable, prefix: string, add: AddIssue): void {
  const [upstash, kv] = variablePairs as [VariablePair, VariablePair]
  const setNames = variablePairs
    .flatMap(({ url, token }) => [url, token])
    .filter((name) => readVariable(name))

  if (setNames.length === 2) {
    const [first, second] = setNames.map((name) => prefix + name)
    add(`${first}`, `and ${second} belong to two different pairs; set both variables of one pair`)
    return
  }
  if (readVariable(readOnlyToken) !== undefined) {
    add(
      prefix + readOnlyToken,
      `cannot be used, because reading a session also writes; set ${prefix}${kv.token} instead`,
    )
    return
  }
  if (setNames.length === 1) {
    const half =
      variablePairs.find(({ url, token }) => url === setNames[0] || token === setNames[0]) ??
      upstash
    add(prefix + (setNames[0] === half.url ? half.token : half.url), 'is not set')
    return
  }

  const tcp = tcpNames.find((name) => readVariable(name))
  for (const name of [upstash.url, upstash.token]) add(prefix + name, 'is not set')
  if (tcp !== undefined)
    add(
      prefix + tcp,
      'is a URL of Redis’s own protocol; use it with redis({ send }) and socketSender() instead',
    )
}

function reportConflicts(
  readVariable: ReadVariable,
  prefix: string,
  values: readonly FoundPair[],
  add: AddIssue,
): void {
  const [first, second] = values as [FoundPair, FoundPair]
  const strip = (url: string | undefined): string | undefined => url?.replace(/\/$/, '')
  const names = variablePairs as [VariablePair, VariablePair]
  if (first.url && second.url && strip(first.url) !== strip(second.url)) {
    add(
      prefix + names[0].url,
      `and ${prefix}${names[1].url} name different databases; set only one pair`,
    )
  } else if (first.token && second.token && first.token !== second.token) {
    add(prefix + names[0].token, `and ${prefix}${names[1].token} differ; set only one pair`)
  }

  const readOnly = readVariable(readOnlyToken)
  for (const [index, { token }] of values.entries()) {
    const name = names[index]?.token ?? ''
    if (readOnly !== undefined && token === readOnly)
      add(
        prefix + name,
        `has the value of ${prefix}${readOnlyToken}, which cannot write; set the token that can`,
      )
  }
}
