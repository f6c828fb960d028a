/** Reads `Portcullis-Session`, by which an upstream starts, changes and ends the session of who is asking. */
import { decodeBase64url, equalText } from '../crypto/index.ts'
import { parseJson } from '../request/index.ts'

/** What an upstream asks for, once its header was found to be well formed and its own. */
export type SessionOrder = OrderVerb & {
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
export type HeaderRefusal =
  | 'two-headers'
  | 'malformed'
  | 'wrong-nonce'
  | 'not-granted'
  | 'unsafe-method'
  | 'method'
  | 'status'
  | 'unsupported'

/** What a header says, or why it is not listened to. */
export type ParsedHeader =
  | { readonly ok: true; readonly order: SessionOrder }
  | { readonly ok: false; readonly reason: HeaderRefusal }

const nonceLength = 22
const mostPayload = 2048
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads `<nonce>.<base64url of JSON>`. Without the nonce of this very request a line break injected into a header, an
 * endpoint that echoes headers, or an answer out of some cache could log a stranger in.
 */
export function parseSessionHeader(value: string, nonce: string): ParsedHeader {
  // Two header lines arrive as one, joined by a comma and a space.
  if (value.includes(',')) return { ok: false, reason: 'two-headers' }
  if (!hasShape(value)) return { ok: false, reason: 'malformed' }
  if (!equalText(value.slice(0, nonceLength), nonce)) return { ok: false, reason: 'wrong-nonce' }
  const order = orderOf(jsonOf(value.slice(nonceLength + 1)))
  return order ? { ok: true, order } : { ok: false, reason: 'malformed' }
}

/** Whether it is `^[\w-]{22}\.[\w-]{1,2048}$`. */
function hasShape(value: string): boolean {
  const payload = value.length - nonceLength - 1
  if (payload < 1 || payload > mostPayload || value.charAt(nonceLength) !== '.') return false
  return /^[\w-]+\.[\w-]+$/.test(value)
}

function jsonOf(payload: string): unknown {
  const bytes = decodeBase64url(payload)
  if (bytes === undefined) return undefined
  try {
    // At any depth: what lies in a session is copied by whoever reads it, and by who knows what.
    const found = parseJson(utf8.decode(bytes))
    return found.ok ? found.value : undefined
  } catch {
    return undefined
  }
}

function orderOf(given: unknown): SessionOrder | undefined {
  if (!isObject(given)) return undefined
  const flash = membersOf(given.flash)
  const verb = flash && verbOf(given, flash.size)
  if (flash === undefined || verb === undefined) return undefined
  return flash.size === 0 && verb.verb !== 'set' ? verb : { ...verb, flash }
}

function verbOf(given: Record<string, unknown>, messages: number): OrderVerb | undefined {
  if ('start' in given) return only(given, ['start', 'flash']) ? startOf(given.start) : undefined
  if ('end' in given) return only(given, ['end', 'flash']) ? endOf(given.end) : undefined
  if ('endAll' in given) return only(given, ['endAll', 'flash']) ? endAllOf(given.endAll) : undefined
  return only(given, ['set', 'unset', 'incr', 'flash', 'ifVersion']) ? changeOf(given, messages) : undefined
}

function startOf(given: unknown): OrderVerb | undefined {
  if (!isObject(given) || !only(given, ['data', 'keep']) || !isObject(given.data)) return undefined
  const keep = namesOf(given.keep)
  return keep && membersOf(given.data) ? { verb: 'start', data: given.data, keep } : undefined
}

function endOf(given: unknown): OrderVerb | undefined {
  if (given === true) return { verb: 'end' }
  return isObject(given) && only(given, ['id']) && isText(given.id) ? { verb: 'end', id: given.id } : undefined
}

function endAllOf(given: unknown): OrderVerb | undefined {
  if (given === true) return { verb: 'endAll', exceptCurrent: false }
  if (!isObject(given)) return undefined
  // Both members at once could be read two ways.
  if (only(given, ['user'])) return isText(given.user) ? { verb: 'endAny', user: given.user } : undefined
  return only(given, ['exceptCurrent']) && given.exceptCurrent === true
    ? { verb: 'endAll', exceptCurrent: true }
    : undefined
}

function changeOf(given: Record<string, unknown>, messages: number): OrderVerb | undefined {
  const { ifVersion } = given
  const [set, incr] = [membersOf(given.set), membersOf(given.incr)]
  const unset = namesOf(given.unset)
  if (!set || !incr || !unset) return undefined
  if (set.size + incr.size + messages + unset.length === 0) return undefined
  if (ifVersion !== undefined && typeof ifVersion !== 'string') return undefined
  // The same member twice has no order to apply it in.
  const touched = [...set.keys(), ...incr.keys(), ...unset]
  if (new Set(touched).size < touched.length || ![...incr.values()].every(Number.isSafeInteger)) return undefined
  const change = { verb: 'set', set, unset, incr: incr as Map<string, number> } as const
  return ifVersion === undefined ? change : { ...change, ifVersion }
}

/** Members of an object, none for an absent one, undefined for what is no object or would reach a prototype. */
function membersOf(given: unknown): Map<string, unknown> | undefined {
  if (given === undefined) return new Map()
  if (!isObject(given)) return undefined
  const members = new Map(Object.entries(given))
  return [...members.keys()].every(isName) ? members : undefined
}

function namesOf(given: unknown): readonly string[] | undefined {
  if (given === undefined) return []
  return Array.isArray(given) && given.every((name) => typeof name === 'string' && isName(name)) ? given : undefined
}

function isName(name: string): boolean {
  return name !== '' && name !== '__proto__'
}

function isText(given: unknown): given is string {
  return typeof given === 'string' && given !== ''
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

function only(given: object, known: readonly string[]): boolean {
  return Object.keys(given).every((key) => known.includes(key))
}
