/**
 * Reads and writes the payload of a session as it is sealed: times, id, data and messages, as
 * short JSON. Both engines call it. It is pure; text that is no record gives undefined.
 */
import { isObject } from '../../options/is-object.ts'
import type { SessionTimes } from './lifetimes.ts'

/** Flash messages by name. */
export type Messages = Readonly<Record<string, unknown>>

/** A session as it is sealed. `data` is absent where only messages wait for a visitor who has no session. */
export interface SessionRecord<Data> extends SessionTimes {
  /** 128 random bits in base64url. The id is kept when the session is sealed again; `start` makes a new one. */
  readonly id: string
  readonly data?: Data
  /** Messages that were not taken yet, by name. */
  readonly flash?: Messages
  /** Hash of the user at the login. Only stateless sessions with `revocation` have it. */
  readonly tag?: string
  /** Revocation epoch of the user at the login. Only stateless sessions with `revocation` have it. */
  readonly generation?: number
  /** Seconds since the epoch when the legacy seal of an imported stateless session stops to open. */
  readonly sealEnds?: number
  /** Hash of the outside session that this one depends on. Only stateless sessions with `revocation` have it. */
  readonly mark?: string
  /** The device that it is bound to, as `device/binding.ts` reads it. Kept where the option `device` is off, too. */
  readonly device?: object
  /** The client that it was last seen with, as `client/stored-client.ts` reads it. */
  readonly client?: object
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** The sealed form has one letter for each member, since a cookie ends at 4,096 bytes. */
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
