/** What libraries put around and into `Fe26.2` seals: iron-session's suffix, hono-sessions' record. */
import { type IronOptions, isPlainJson, type OpenedIron, openIron } from './iron.ts'
import { expired, malformed, type SealRejection, tooLong } from './rejection.ts'

/**
 * Opens a cookie of iron-session. Since version 6 it is a seal with `~2` behind it; before, a seal alone, whose data lies in
 * `persistent` beside `flash`, and 6 to 8 read both (`unsealData` of 8.0.4: `{ ...data.persistent }` without the mark). The
 * mark stands outside the MAC, so here it must be that or nothing, and a seal without it is unwrapped only where it holds
 * these members and no others. A password given as a string has the id `1`, as there.
 */
export async function openIronSession(
  cookie: string,
  password: string | Readonly<Record<string, string>>,
  options: IronOptions,
): Promise<OpenedIron | SealRejection> {
  if (cookie.length > (options.maxLength ?? 8192)) return tooLong
  const marked = cookie.endsWith('~2')
  const seal = marked ? cookie.slice(0, -2) : cookie
  const opened = await openIron(
    seal,
    typeof password === 'string' ? { 1: password } : password,
    options,
  )
  return 'refused' in opened || marked ? opened : { ...opened, json: persistentIn(opened.json) }
}

/** The data of a cookie from before version 6. */
function persistentIn(json: string): string {
  const sealed: unknown = JSON.parse(json)
  if (typeof sealed !== 'object' || sealed === null || Array.isArray(sealed)) return json

  const { persistent, ...rest } = sealed as {
    readonly persistent?: unknown
    readonly flash?: unknown
  }
  const isOld = typeof persistent === 'object' && persistent !== null && !Array.isArray(persistent)
  return isOld && Object.keys(rest).every((name) => name === 'flash')
    ? JSON.stringify(persistent)
    : json
}

/**
 * Opens a cookie of hono-sessions' CookieStore: its JSON is text inside JSON, and holds besides the values their flash
 * marks and an end of its own, which that library judges without skew. `json` is the values by name.
 */
export async function openHonoSession(
  cookie: string,
  encryptionKey: string,
  options: IronOptions,
): Promise<OpenedIron | SealRejection> {
  const opened = await openIron(cookie, { default: encryptionKey }, options)
  if ('refused' in opened) return opened
  const record = parseRecord(opened.json)
  if (!record) return malformed
  const { _data: data, _expire: end, _delete: deleted } = record
  const expiresAt =
    end === null || end === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(end))
  // An end that is no date is one that has passed: the library compares with NaN.
  if (deleted === true || !(options.clock() < expiresAt)) return expired
  const values: Record<string, unknown> = Object.create(null)
  for (const [name, entry] of Object.entries(data)) {
    if (typeof entry === 'object' && entry !== null && 'value' in entry) values[name] = entry.value
  }
  return {
    ...opened,
    json: JSON.stringify(values),
    expiresAt: earliest(opened.expiresAt, expiresAt),
  }
}

interface HonoRecord {
  readonly _data: Record<string, unknown>
  readonly _expire?: unknown
  readonly _delete?: unknown
}

function parseRecord(json: string): HonoRecord | undefined {
  try {
    const text: unknown = JSON.parse(json)
    if (typeof text !== 'string' || !isPlainJson(text)) return undefined
    const record: unknown = JSON.parse(text)
    const data = (record as Partial<HonoRecord> | null)?._data
    return typeof data === 'object' && data !== null && !Array.isArray(data)
      ? (record as HonoRecord)
      : undefined
  } catch {
    return undefined
  }
}

function earliest(a: number | undefined, b: number): number | undefined {
  const end = Math.min(a ?? b, b)
  return end === Number.POSITIVE_INFINITY ? undefined : end
}
