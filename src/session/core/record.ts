/** What a session is inside its seal: times, id, data and messages, written as short JSON. */
import type { SessionTimes } from './lifetimes.ts'

/** Messages by name. */
export type Messages = Readonly<Record<string, unknown>>

/** A session as it is sealed. `data` is absent where only messages wait for a visitor who has no session. */
export interface SessionRecord<Data> extends SessionTimes {
  /** 128 random bits, base64url; kept when it is sealed again, new at `start`. */
  readonly id: string
  readonly data?: Data
  /** Messages not yet taken, by name. */
  readonly flash?: Messages
  /** Tag of the user and its generation at the login; only of stateless sessions that can be revoked. */
  readonly tag?: string
  readonly generation?: number
  /** Of an imported stateless session: when its legacy seal no longer opens, in seconds since the epoch. */
  readonly sealEnds?: number
  /** Tag of the outside session that it depends on; only of stateless sessions that can be revoked. */
  readonly mark?: string
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** The sealed form: one letter a member, since a cookie ends at 4,096 bytes. */
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
}

/** Writes a record as JSON. */
export function writeRecord<Data>(record: SessionRecord<Data>): string {
  const { id: j, created: c, seen: s, authenticated: a, data: d, flash: f } = record
  const { tag: u, generation: g, sealEnds: l, mark: m } = record
  return JSON.stringify({ j, c, s, a, u, g, l, m, d, f })
}

/** Reads what {@link writeRecord} wrote; undefined for anything else that was once sealed under the same purpose. */
export function readRecord<Data>(json: string): SessionRecord<Data> | undefined {
  let wire: WireRecord
  try {
    wire = JSON.parse(json)
  } catch {
    return undefined
  }
  if (!isObject(wire)) return undefined
  const { j, c, s, a, d, f, u, g, l, m } = wire as WireRecord
  if (typeof j !== 'string' || !isTime(c) || !isTime(s) || !(a === undefined || isTime(a)))
    return undefined
  if (!(d === undefined || isObject(d)) || !(f === undefined || isObject(f))) return undefined
  if (!(u === undefined || typeof u === 'string') || !(g === undefined || isTime(g)))
    return undefined
  if (!(l === undefined || isTime(l))) return undefined
  if (!(m === undefined || typeof m === 'string')) return undefined
  const record: Writable<SessionRecord<Data>> = { id: j, created: c, seen: s }
  if (a !== undefined) record.authenticated = a
  if (d !== undefined) record.data = d as Data
  if (f !== undefined) record.flash = f as Record<string, unknown>
  if (u !== undefined) record.tag = u
  if (g !== undefined) record.generation = g
  if (l !== undefined) record.sealEnds = l
  if (m !== undefined) record.mark = m
  return record
}

/** Whether a value is an object that is no array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
