/**
 * Converts a session to the short JSON that is sealed (times, id, data, messages), and back. Both
 * engines call `writeRecord` and `readRecord`; most files of `session/` import the type `SessionRecord`.
 *
 * It is pure. Text that is not a record, or has members of other types, reads as undefined. Data that
 * JSON cannot represent must have been rejected before (`data.ts`).
 */
import { isObject } from '../../options/is-object.ts'
import type { SessionTimes } from './lifetimes.ts'

/** Flash messages by name. */
export type Messages = Readonly<Record<string, unknown>>

/** The content of a session. `data` is absent if only flash messages are stored for a visitor without a session. */
export interface SessionRecord<Data> extends SessionTimes {
  /**
   * 128 random bits in base64url. The id stays the same when the session is sealed again; `start` creates a new one.
   */
  readonly id: string
  readonly data?: Data
  /** Flash messages that nobody has taken yet, by name. */
  readonly flash?: Messages
  /** Hash of the user at the login. Only stateless sessions with `revocation` have it. */
  readonly tag?: string
  /** Revocation epoch of the user at the login. Only stateless sessions with `revocation` have it. */
  readonly generation?: number
  /** When the legacy seal of an imported stateless session expires, in seconds since the epoch. */
  readonly sealEnds?: number
  /** Hash of the outside session that this one depends on. Only stateless sessions with `revocation` have it. */
  readonly mark?: string
  /**
   * The device that the session is bound to: see `device/binding.ts`. It stays when the option `device` is turned off.
   */
  readonly device?: object
  /** The client that the session was last used with: see `client/stored-client.ts`. */
  readonly client?: object
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** The sealed form. Its members have one letter each, because a cookie may have 4,096 bytes only. */
interface WireRecord {
  readonly j?: unknown
  readonly c?: unknown
  readonly s?: unknown
  readonly a?: unknown
  readonly d?: unknown
  readonly f?: unknown
  readonly u?: unknown
  readonly g?: unknown
  readonly l?: unknown
  readonly m?: unknown
  readonly b?: unknown
  readonly w?: unknown
}

/** Writes a record as JSON. */
export function writeRecord<Data>(record: SessionRecord<Data>): string {
  const { id: j, created: c, seen: s, authenticated: a, data: d, flash: f } = record
  const { tag: u, generation: g, sealEnds: l, mark: m, device: b, client: w } = record

  return JSON.stringify({ j, c, s, a, u, g, l, m, b, w, d, f })
}

/** Reads the JSON of {@link writeRecord}. Returns undefined for any other text that was sealed for this purpose. */
export function readRecord<Data>(jsonText: string): SessionRecord<Data> | undefined {
  let wire: unknown
  try {
    wire = JSON.parse(jsonText)
  } catch {
    return undefined
  }
  if (!isWireRecord(wire)) return undefined

  const { j, c, s, a, d, f, u, g, l, m, b, w } = wire
  const record: Writable<SessionRecord<Data>> = { id: j, created: c, seen: s }
  if (a !== undefined) record.authenticated = a
  if (d !== undefined) record.data = d as Data
  if (f !== undefined) record.flash = f
  if (u !== undefined) record.tag = u
  if (g !== undefined) record.generation = g
  if (l !== undefined) record.sealEnds = l
  if (m !== undefined) record.mark = m
  if (b !== undefined) record.device = b
  if (w !== undefined) record.client = w
  return record
}

/** A {@link WireRecord} whose members have the types that {@link writeRecord} gave them. */
interface ValidWireRecord {
  readonly j: string
  readonly c: number
  readonly s: number
  readonly a?: number
  readonly d?: object
  readonly f?: Messages
  readonly u?: string
  readonly g?: number
  readonly l?: number
  readonly m?: string
  readonly b?: object
  readonly w?: object
}

function isWireRecord(value: unknown): value is ValidWireRecord {
  if (!isObject(value)) return false

  const { j, c, s, a, d, f, u, g, l, m, b, w } = value as WireRecord
  const hasTimes =
    isTime(c) && isTime(s) && isOptionalTime(a) && isOptionalTime(g) && isOptionalTime(l)
  return (
    hasTimes &&
    typeof j === 'string' &&
    (d === undefined || isObject(d)) &&
    (f === undefined || isObject(f)) &&
    (b === undefined || isObject(b)) &&
    (w === undefined || isObject(w)) &&
    isOptionalText(u) &&
    isOptionalText(m)
  )
}

function isOptionalTime(value: unknown): boolean {
  return value === undefined || isTime(value)
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
