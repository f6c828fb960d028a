/**
 * Reads the trace of a client's request and writes it to requests for upstreams (W3C Trace Context:
 * `traceparent`, `tracestate`, `baggage`). `monitor()` calls it for each request; telemetry uses
 * its ids. It is pure apart from random ids and throws nothing: a malformed `traceparent` starts a
 * new trace, a malformed `tracestate` is dropped, and a `baggage` over 1,024 characters is dropped.
 */

/** The options of traces. */
export interface TraceOptions {
  /**
   * Whether a client's trace is continued. Default true: its id is only a name, and it lets
   * browsers and partners find their requests. With `false`, every request starts a new trace, so
   * that clients can neither join their requests to the traces of others nor ask for them to be
   * recorded.
   */
  readonly continue?: boolean
  /** The share of the traces started here that upstreams should record, 0 to 1. Default 1. */
  readonly sample?: number
  /**
   * Forwards the client's header `baggage` if it has at most 1,024 characters. Default false,
   * because clients can send anything in it.
   */
  readonly baggage?: boolean
}

/** The trace of one request. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits: the gateway's span, which is the parent of the upstream's span. */
  readonly spanId: string
  /** The client's span, if its trace is continued. */
  readonly parentId?: string
  /** Whether whoever started the trace records it. */
  readonly sampled: boolean
  /** The client's `tracestate`, at most 512 characters; undefined where there is none. */
  readonly state?: string
  /** The client's `baggage`, if it is forwarded. */
  readonly baggage?: string
}

/**
 * A `traceparent` of version 00, or the first four members of a later version, which must keep them
 * and may only append a hyphen and more. `ff` is not a version, and ids of zeros are invalid
 * (sections 3.2.2 and 4).
 */
const traceparentPattern =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** The most characters of a traceparent. No later version should be longer. */
const maxTraceparent = 512
/** The most characters of a forwarded tracestate: the least that section 3.3.1.1 requires. */
const maxState = 512
const maxBaggage = 1024

/**
 * Returns the trace of a request: the client's if it is well-formed and traces are continued, and
 * otherwise a new one.
 *
 * @see https://www.w3.org/TR/trace-context/ sections 3.2 and 4
 */
export function readTrace(headers: Headers, options: TraceOptions): Trace {
  const traceparent = options.continue === false ? null : headers.get('traceparent')
  const { traceId, parentId, flags: traceFlags } = parseTraceparent(traceparent)
  const spanId = randomHex(8)

  if (traceId === undefined || parentId === undefined) {
    const { sample: sampleRate = 1 } = options
    const isSampled = sampleRate >= 1 || (sampleRate > 0 && Math.random() < sampleRate)
    return { traceId: randomHex(16), spanId, sampled: isSampled, ...readBaggage(headers, options) }
  }

  const traceState = parseTraceState(headers.get('tracestate'))

  return {
    traceId,
    spanId,
    parentId,
    // Version 00 defines only this flag; the others are sent as zero.
    sampled: (Number.parseInt(traceFlags, 16) & 1) === 1,
    ...(traceState !== undefined && { state: traceState }),
    ...readBaggage(headers, options),
  }
}

/** Writes a trace to a request for an upstream, in place of the client's headers. */
export function writeTrace(
  headers: Headers,
  { traceId, spanId, sampled: isSampled, state: traceState, baggage }: Trace,
): void {
  headers.set('traceparent', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`)
  if (traceState === undefined) headers.delete('tracestate')
  else headers.set('tracestate', traceState)

  if (baggage !== undefined) headers.set('baggage', baggage)
}

interface TraceParent {
  readonly traceId?: string
  readonly parentId?: string
  readonly flags: string
}

function parseTraceparent(traceparent: string | null): TraceParent {
  const match =
    traceparent !== null && traceparent.length <= maxTraceparent
      ? traceparentPattern.exec(traceparent)
      : null
  if (match === null) return { flags: '' }

  const [, version, traceId = '', parentId = '', traceFlags = '', trailingText] = match

  return version === '00' && trailingText !== undefined
    ? { flags: '' }
    : { traceId, parentId, flags: traceFlags }
}

/** A key of a tracestate (section 3.3.1.3.1), which level 2 allows to begin with a digit. */
const stateKey =
  /^(?:[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$/
const stateValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/
const maxMembers = 32

/**
 * Validates a tracestate. Returns undefined where one member is malformed, because the rest cannot
 * be trusted then. If it is too long, the leftmost members stay, which are the most recent ones
 * (sections 3.3.1 and 4.3).
 */
function parseTraceState(tracestate: string | null): string | undefined {
  if (tracestate === null || tracestate.length > 8192) return undefined

  // The specification allows empty members.
  const members = tracestate
    .split(',', 128)
    .map((listMember) => listMember.trim())
    .filter((listMember) => listMember !== '')
  const seenKeys = new Set<string>()

  for (const member of members) {
    const equalsIndex = member.indexOf('=')
    const memberKey = member.slice(0, Math.max(0, equalsIndex))
    if (
      !stateKey.test(memberKey) ||
      !stateValue.test(member.slice(equalsIndex + 1)) ||
      seenKeys.has(memberKey)
    )
      return undefined

    seenKeys.add(memberKey)
  }

  if (members.length === 0 || members.length > maxMembers) return undefined

  const keptMembers: string[] = []
  let length = -1

  for (const member of members) {
    length += member.length + 1
    if (length > maxState) break
    keptMembers.push(member)
  }

  return keptMembers.length > 0 ? keptMembers.join(',') : undefined
}

function readBaggage(headers: Headers, { baggage }: TraceOptions): { baggage?: string } {
  const baggageHeader = baggage === true ? headers.get('baggage') : null
  return baggageHeader !== null && baggageHeader.length <= maxBaggage
    ? { baggage: baggageHeader }
    : {}
}

/** Returns random hex digits, two for each byte, for ids of traces and spans. */
export function randomHex(length: number): string {
  let hexText = ''
  for (const randomByte of crypto.getRandomValues(new Uint8Array(length)))
    hexText += randomByte.toString(16).padStart(2, '0')

  // An id of zeros is invalid; it occurs once in 2^64.
  return /^0+$/.test(hexText) ? randomHex(length) : hexText
}
