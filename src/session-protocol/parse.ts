/**
 * Parses the response header `Portcullis-Session`, with which an upstream starts, changes and ends the session of its
 * client. `apply.ts` calls it; `session-header.ts` of forwarding uses its types. A header without the nonce of this
 * request, a malformed one, or two headers give a reason and no command. A payload is at most 2,048 characters. It
 * does not throw.
 */

import { decodeBase64url, equalText } from '../crypto/index.ts'
import { isRecord } from '../options/is-object.ts'
import { parseJson } from '../request/index.ts'

/** A command of an upstream whose header is well formed and has the nonce of its request. */
export type SessionCommand = OrderVerb & {
  /** Messages for the next request, in addition to the verb. */
  readonly flash?: ReadonlyMap<string, unknown>
}

type OrderVerb =
  | { readonly verb: 'start'; readonly data: object; readonly keep: readonly string[] }
  | {
      readonly verb: 'set'
      readonly set: ReadonlyMap<string, unknown>
      readonly unset: readonly string[]
      readonly incr: ReadonlyMap<string, number>
      /** The version of the session that the upstream has read; the change is only applied to that version. */
      readonly ifVersion?: string
    }
  /** Ends this session, or another one of the same user by the id from the list. */
  | { readonly verb: 'end'; readonly id?: string }
  | { readonly verb: 'endAll'; readonly exceptCurrent: boolean }
  /** Ends all sessions of the user that the upstream names. */
  | { readonly verb: 'endAny'; readonly user: string }

/** The reason for which a header is not applied. It is the `reason` of the event `session-header-refused`. */
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
 * Parses `<nonce>.<base64url of JSON>`. The nonce of the same request is required: otherwise a line break injected into
 * a header, an endpoint that echoes headers, or a cached response could sign a stranger in.
 */
export function parseSessionHeader(headerValue: string, nonce: string): ParsedHeader {
  // Two header fields arrive as one value, joined by a comma and a space.
  if (headerValue.includes(',')) return { ok: false, reason: 'two-headers' }
  if (!hasShape(headerValue)) return { ok: false, reason: 'malformed' }
  if (!equalText(headerValue.slice(0, nonceLength), nonce))
    return { ok: false, reason: 'wrong-nonce' }

  const command = parseCommand(parsePayload(headerValue.slice(nonceLength + 1)))

  return command ? { ok: true, order: command } : { ok: false, reason: 'malformed' }
}

/** Whether a value has the form `^[\w-]{22}\.[\w-]{1,2048}$`. */
function hasShape(headerValue: string): boolean {
  const payloadLength = headerValue.length - nonceLength - 1
  if (payloadLength < 1 || payloadLength > maxPayloadBytes) return false
  if (headerValue.charAt(nonceLength) !== '.') return false

  return /^[\w-]+\.[\w-]+$/.test(headerValue)
}

function parsePayload(payload: string): unknown {
  const payloadBytes = decodeBase64url(payload)
  if (payloadBytes === undefined) return undefined
  try {
    // parseJson rejects names such as `__proto__` at any depth, since code that copies session data could change a
    // prototype.
    const parsedPayload = parseJson(utf8Decoder.decode(payloadBytes))
    return parsedPayload.ok ? parsedPayload.value : undefined
  } catch {
    return undefined
  }
}

function parseCommand(payload: unknown): SessionCommand | undefined {
  if (!isRecord(payload)) return undefined
  const flashMessages = parseMembers(payload.flash)
  const parsedVerb = flashMessages && parseVerb(payload, flashMessages.size)
  if (flashMessages === undefined || parsedVerb === undefined) return undefined
  return flashMessages.size === 0 && parsedVerb.verb !== 'set'
    ? parsedVerb
    : { ...parsedVerb, flash: flashMessages }
}

function parseVerb(payload: Record<string, unknown>, messages: number): OrderVerb | undefined {
  if ('start' in payload)
    return hasOnlyKeys(payload, ['start', 'flash']) ? parseStart(payload.start) : undefined

  if ('end' in payload)
    return hasOnlyKeys(payload, ['end', 'flash']) ? parseEnd(payload.end) : undefined

  if ('endAll' in payload)
    return hasOnlyKeys(payload, ['endAll', 'flash']) ? parseEndAll(payload.endAll) : undefined

  return hasOnlyKeys(payload, ['set', 'unset', 'incr', 'flash', 'ifVersion'])
    ? parseChange(payload, messages)
    : undefined
}

function parseStart(startMember: unknown): OrderVerb | undefined {
  if (
    !isRecord(startMember) ||
    !hasOnlyKeys(startMember, ['data', 'keep']) ||
    !isRecord(startMember.data)
  )
    return undefined

  const keptNames = parseNames(startMember.keep)
  return keptNames && parseMembers(startMember.data)
    ? { verb: 'start', data: startMember.data, keep: keptNames }
    : undefined
}

function parseEnd(endMember: unknown): OrderVerb | undefined {
  if (endMember === true) return { verb: 'end' }
  return isRecord(endMember) && hasOnlyKeys(endMember, ['id']) && isText(endMember.id)
    ? { verb: 'end', id: endMember.id }
    : undefined
}

function parseEndAll(endAllMember: unknown): OrderVerb | undefined {
  if (endAllMember === true) return { verb: 'endAll', exceptCurrent: false }
  if (!isRecord(endAllMember)) return undefined
  // `user` and `exceptCurrent` together would be ambiguous.
  if (hasOnlyKeys(endAllMember, ['user']))
    return isText(endAllMember.user) ? { verb: 'endAny', user: endAllMember.user } : undefined

  return hasOnlyKeys(endAllMember, ['exceptCurrent']) && endAllMember.exceptCurrent === true
    ? { verb: 'endAll', exceptCurrent: true }
    : undefined
}

function parseChange(payload: Record<string, unknown>, messages: number): OrderVerb | undefined {
  const { ifVersion } = payload
  const [setMembers, incrementMembers] = [parseMembers(payload.set), parseMembers(payload.incr)]
  const unsetNames = parseNames(payload.unset)
  if (!setMembers || !incrementMembers || !unsetNames) return undefined
  if (setMembers.size + incrementMembers.size + messages + unsetNames.length === 0) return undefined
  if (ifVersion !== undefined && typeof ifVersion !== 'string') return undefined
  // If a member is named twice, the order of its changes is unclear.
  const touchedNames = [...setMembers.keys(), ...incrementMembers.keys(), ...unsetNames]
  if (
    new Set(touchedNames).size < touchedNames.length ||
    ![...incrementMembers.values()].every(Number.isSafeInteger)
  )
    return undefined

  const setCommand = {
    verb: 'set',
    set: setMembers,
    unset: unsetNames,
    incr: incrementMembers as Map<string, number>,
  } as const

  return ifVersion === undefined ? setCommand : { ...setCommand, ifVersion }
}

/**
 * Parses the members of an object. An absent object has no members. It returns undefined for a value
 * that is no object, and for one with an empty name or `__proto__`.
 */
function parseMembers(memberObject: unknown): Map<string, unknown> | undefined {
  if (memberObject === undefined) return new Map()
  if (!isRecord(memberObject)) return undefined
  const members = new Map(Object.entries(memberObject))

  return [...members.keys()].every(isName) ? members : undefined
}

function parseNames(nameList: unknown): readonly string[] | undefined {
  if (nameList === undefined) return []
  return Array.isArray(nameList) &&
    nameList.every((memberName) => typeof memberName === 'string' && isName(memberName))
    ? nameList
    : undefined
}

function isName(memberName: string): boolean {
  return memberName !== '' && memberName !== '__proto__'
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function hasOnlyKeys(value: object, allowedKeys: readonly string[]): boolean {
  return Object.keys(value).every((key) => allowedKeys.includes(key))
}
