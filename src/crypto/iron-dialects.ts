/**
 * Opens legacy cookies whose `Fe26.2` seal is wrapped by a library: iron-session's suffix `~2` and
 * hono-sessions' record. `ironCookie()` of `session/legacy` calls it to import old cookies.
 *
 * A cookie that does not open resolves with the reason (`SealRejection`), and one over `maxLength`
 * (8192 characters) is not read. It rejects for no text that a client can send.
 */
import { isObject } from '../options/is-object.ts'
import { type IronOptions, isPlainJson, type OpenedIron, openIron } from './iron.ts'
import { expired, malformed, type SealRejection, tooLong } from './rejection.ts'

/**
 * Opens a cookie of iron-session. Since version 6 the cookie is a seal with the suffix `~2`. Before, it was a seal
 * alone with its data in `persistent` beside `flash`, and versions 6 to 8 read both (`unsealData` of 8.0.4: `{
 * ...data.persistent }` without the suffix). The MAC does not cover the suffix, so it must be exactly this one or
 * absent, and a seal without it is unwrapped only if it has these members and no others. A password that is a string
 * has the id `1`, as in iron-session.
 *
 * @example
 * ```ts
 * const result = await openIronSession(cookie, password, { clock: Date.now })
 * if ('refused' in result) return undefined
 * ```
 */
export async function openIronSession(
  cookie: string,
  password: string | Readonly<Record<string, string>>,
  options: IronOptions,
): Promise<OpenedIron | SealRejection> {
  if (cookie.length > (options.maxLength ?? 8192)) return tooLong
  const hasSuffix = cookie.endsWith('~2')
  const result = await openIron(
    hasSuffix ? cookie.slice(0, -2) : cookie,
    typeof password === 'string' ? { 1: password } : password,
    options,
  )
  if ('refused' in result || hasSuffix) return result

  return { ...result, json: unwrapPersistent(result.json) }
}

/** Returns the data of a cookie from before version 6. */
function unwrapPersistent(jsonText: string): string {
  const content: unknown = JSON.parse(jsonText)
  if (!isObject(content)) return jsonText

  const { persistent, ...rest } = content as {
    readonly persistent?: unknown
    readonly flash?: unknown
  }
  return isObject(persistent) && Object.keys(rest).every((name) => name === 'flash')
    ? JSON.stringify(persistent)
    : jsonText
}

/**
 * Opens a cookie of hono-sessions' CookieStore. The sealed JSON is a string that holds the record as JSON. The record
 * has flash marks beside the values, and an expiry of its own, which that library checks without clock skew. `json` of
 * the result has the values by name.
 *
 * @example
 * ```ts
 * const result = await openHonoSession(cookie, encryptionKey, { clock: Date.now })
 * if ('refused' in result) return undefined
 * ```
 */
export async function openHonoSession(
  cookie: string,
  encryptionKey: string,
  options: IronOptions,
): Promise<OpenedIron | SealRejection> {
  const result = await openIron(cookie, { default: encryptionKey }, options)
  if ('refused' in result) return result

  const record = parseRecord(result.json)
  if (!record) return malformed

  const { _data: data, _expire: end, _delete: isDeleted } = record
  const expiresAt =
    end === null || end === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(end))
  // An expiry that is not a date counts as passed, because that library compares with NaN.
  if (isDeleted === true || !(options.clock() < expiresAt)) return expired

  const values: Record<string, unknown> = Object.create(null)
  for (const [name, entry] of Object.entries(data)) {
    if (typeof entry === 'object' && entry !== null && 'value' in entry) values[name] = entry.value
  }
  return {
    ...result,
    json: JSON.stringify(values),
    expiresAt: earliest(result.expiresAt, expiresAt),
  }
}

interface HonoRecord {
  readonly _data: Record<string, unknown>
  readonly _expire?: unknown
  readonly _delete?: unknown
}

function parseRecord(jsonText: string): HonoRecord | undefined {
  try {
    const text: unknown = JSON.parse(jsonText)
    if (typeof text !== 'string' || !isPlainJson(text)) return undefined

    const record: unknown = JSON.parse(text)
    const data = (record as Partial<HonoRecord> | null)?._data
    return isObject(data) ? (record as HonoRecord) : undefined
  } catch {
    return undefined
  }
}

function earliest(a: number | undefined, b: number): number | undefined {
  const expiresAt = Math.min(a ?? b, b)
  return expiresAt === Number.POSITIVE_INFINITY ? undefined : expiresAt
}
