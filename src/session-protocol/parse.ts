/** Reads `Portcullis-Session`, by which an upstream starts, changes and ends the session of who is asking. */

import { decodeBase64url, equalText } from '../crypto/index.ts'
import { isRecord } from '../options/is-object.ts'
import { parseJson } from '../request/index.ts'

/** A command of an upstream whose header is well formed and has the nonce of its request. */
export type SessionCommand = OrderVerb & {
  /** Messages for the next request, whatever else is done. */
  readonly flash?: ReadonlyMap<string, unknown>
}

type OrderVerb =
  | { readonly verb: 'start'; readonly data: object; readonly keep: readonly string[] }
  | {
      readonly verb: 'set'
      readonly set: ReadonlyMap<string, unknown>
      readonly unset: readonly string[]
      readonly incr: ReadonlyMap<string, number>
      /** The version the upstream saw, where its change only makes sense on that one. */
      readonly ifVersion?: string
    }
  /** This session, or by the id that the list gave it another one of the same user. */
  | { readonly verb: 'end'; readonly id?: string }
  | { readonly verb: 'endAll'; readonly exceptCurrent: boolean }
  /** Every session of a user whom the upstream names. */
  | { readonly verb: 'endAny'; readonly user: string }

/** Why a header is not applied; the `reason` of the event `session-header-refused`. */
export type HeaderRejection =
  | 'two-headers'
  | 'malformed'
  | 'wrong-nonce'
  | 'not-granted'
  | 'unsafe-method'
  | 'method'
  | 'status'
  | 'unsupported'

/** A parsed header, or the reason why it is ignored. */
export type ParsedHeader =
  | { readonly ok: true; readonly order: SessionCommand }
  | { readonly ok: false; readonly reason: HeaderRejection }

const nonceLength = 22
const maxPayloadBytes = 2048
const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads `<nonce>.<base64url of JSON>`. Without the nonce of this very request a line break injected into a header, an
 * endpoint that echoes headers, or an answer out of some cache could log a stranger in.
 */
export function parseSessionHeader(value: string, nonce: string): ParsedHeader {
  // Two header lines arrive as one, joined by a comma and a space.
  if (value.includes(',')) return { ok: false, reason: 'two-headers' }
  if (!hasShape(value)) return { ok: false, reason: 'malformed' }
  if (!equalText(value.slice(0, nonceLength), nonce)) return { ok: false, reason: 'wrong-nonce' }
  const order = parseCommand(parsePayload(value.slice(nonceLength + 1)))
  return order ? { ok: true, order } : { ok: false, reason: 'malformed' }
}

/** Whether it is `^[\w-]{22}\.[\w-]{1,2048}$`. */
function hasShape(value: string): boolean {
  const payload = value.length - nonceLength - 1
  if (payload < 1 || payload > maxPayloadBytes || value.charAt(nonceLength) !== '.') return false
  return /^[\w-]+\.[\w-]+$/.test(value)
}

function parsePayload(payload: string): unknown {
  const bytes = decodeBase64url(payload)
  if (bytes === undefined) return undefined
  try {
    // At any depth: what lies in a session is copied by whoever reads it, and by who knows what.
    const found = parseJson(utf8Decoder.decode(bytes))
    return found.ok ? found.value : undefined
  } catch {
    return undefined
  }
}

function parseCommand(value: unknown): SessionCommand | undefined {
  if (!isRecord(value)) return undefined
  const flash = parseMembers(value.flash)
  const verb = flash && parseVerb(value, flash.size)
  if (flash === undefined || verb === undefined) return undefined
  return flash.size === 0 && verb.verb !== 'set' ? verb : { ...verb, flash }
}

function parseVerb(value: Record<string, unknown>, messages: number): OrderVerb | undefined {
  if ('start' in value)
    return hasOnlyKeys(value, ['start', 'flash']) ? parseStart(value.start) : undefined
  if ('end' in value) return hasOnlyKeys(value, ['end', 'flash']) ? parseEnd(value.end) : undefined
  if ('endAll' in value)
    return hasOnlyKeys(value, ['endAll', 'flash']) ? parseEndAll(value.endAll) : undefined
  return hasOnlyKeys(value, ['set', 'unset', 'incr', 'flash', 'ifVersion'])
    ? parseChange(value, messages)
    : undefined
}

function parseStart(value: unknown): OrderVerb | undefined {
  if (!isRecord(value) || !hasOnlyKeys(value, ['data', 'keep']) || !isRecord(value.data))
    return undefined
  const keep = parseNames(value.keep)
  return keep && parseMembers(value.data) ? { verb: 'start', data: value.data, keep } : undefined
}

function parseEnd(value: unknown): OrderVerb | undefined {
  if (value === true) return { verb: 'end' }
  return isRecord(value) && hasOnlyKeys(value, ['id']) && isText(value.id)
    ? { verb: 'end', id: value.id }
    : undefined
}

function parseEndAll(value: unknown): OrderVerb | undefined {
  if (value === true) return { verb: 'endAll', exceptCurrent: false }
  if (!isRecord(value)) return undefined
  // Both members at once could be read two ways.
  if (hasOnlyKeys(value, ['user']))
    return isText(value.user) ? { verb: 'endAny', user: value.user } : undefined
  return hasOnlyKeys(value, ['exceptCurrent']) && value.exceptCurrent === true
    ? { verb: 'endAll', exceptCurrent: true }
    : undefined
}

function parseChange(value: Record<string, unknown>, messages: number): OrderVerb | undefined {
  const { ifVersion } = value
  const [set, incr] = [parseMembers(value.set), parseMembers(value.incr)]
  const unset = parseNames(value.unset)
  if (!set || !incr || !unset) return undefined
  if (set.size + incr.size + messages + unset.length === 0) return undefined
  if (ifVersion !== undefined && typeof ifVersion !== 'string') return undefined
  // The same member twice has no order to apply it in.
  const touched = [...set.keys(), ...incr.keys(), ...unset]
  if (new Set(touched).size < touched.length || ![...incr.values()].every(Number.isSafeInteger))
    return undefined
  const change = { verb: 'set', set, unset, incr: incr as Map<string, number> } as const
  return ifVersion === undefined ? change : { ...change, ifVersion }
}

/** Members of an object, none for an absent one, undefined for what is no object or would reach a prototype. */
function parseMembers(value: unknown): Map<string, unknown> | undefined {
  if (value === undefined) return new Map()
  if (!isRecord(value)) return undefined
  const members = new Map(Object.entries(value))
  return [...members.keys()].every(isName) ? members : undefined
}

function parseNames(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && isName(name))
    ? value
    : undefined
}

function isName(name: string): boolean {
  return name !== '' && name !== '__proto__'
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function hasOnlyKeys(value: object, known: readonly string[]): boolean {
  return Object.keys(value).every((key) => known.includes(key))
}
