/**
 * Reads the trace of a client and writes ours for the upstream (W3C Trace Context). The monitor
 * calls it for each request. A malformed trace header starts a new trace.
 */

/** The options of traces. */
export interface TraceOptions {
  /**
   * Whether the trace of a client is carried on. Default true: its id is only a name, and it lets browsers and partners find
   * their requests. With `false` every request begins a trace of its own: a client can then neither join its requests to those
   * of others nor ask for them to be recorded.
   */
  readonly continue?: boolean
  /** Share of the traces begun here that upstreams should record, 0 to 1. Default 1. */
  readonly sample?: number
  /**
   * Forwards the client's `baggage`, at most 1,024 characters of it. Default false: clients can
   * send anything in it.
   */
  readonly baggage?: boolean
}

/** The trace of one request. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits: the gateway's part in it, which is the parent of what the upstream does. */
  readonly spanId: string
  /** The client's part, where its trace is carried on. */
  readonly parentId?: string
  /** Whether the beginner of the trace records it. */
  readonly sampled: boolean
  /** Bounded; undefined where there is none. */
  readonly state?: string
  /** The client's, where it is passed on. */
  readonly baggage?: string
}

/**
 * Version 00 in full. Of a later version the first four members are read, which it has to keep;
 * after them comes nothing or a hyphen. `ff` is not a version, and zeros are not ids. Sections
 * 3.2.2 and 4.
 */
const wellFormed =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** Characters of a traceparent that is looked at: no later version has a reason to be longer. */
const longestParent = 512
/** Section 3.3.1.1: at least this much has to be forwarded, which is enough. */
const mostState = 512
const mostBaggage = 1024

/**
 * The trace of a request: the client's where it is well-formed and carried on, else a new one.
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
    traceparent !== null && traceparent.length <= longestParent
      ? wellFormed.exec(traceparent)
      : null
  if (match === null) return { flags: '' }

  const [, version, traceId = '', parentId = '', traceFlags = '', trailingText] = match

  return version === '00' && trailingText !== undefined
    ? { flags: '' }
    : { traceId, parentId, flags: traceFlags }
}

/** Section 3.3.1.3.1, with a digit in front as level 2 has it. */
const stateKey =
  /^(?:[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$/
const stateValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/
const mostMembers = 32

/**
 * The client's state, or undefined where one member of it cannot be read: then none of it can be trusted, and all is discarded.
 * Of one that is too long the members on the left stay: the most recent ones come first. Sections 3.3.1 and 4.3.
 */
function parseTraceState(tracestate: string | null): string | undefined {
  if (tracestate === null || tracestate.length > 8192) return undefined

  // Members may be empty.
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

  if (members.length === 0 || members.length > mostMembers) return undefined

  const keptMembers: string[] = []
  let length = -1

  for (const member of members) {
    length += member.length + 1
    if (length > mostState) break
    keptMembers.push(member)
  }

  return keptMembers.length > 0 ? keptMembers.join(',') : undefined
}

function readBaggage(headers: Headers, { baggage }: TraceOptions): { baggage?: string } {
  const baggageHeader = baggage === true ? headers.get('baggage') : null
  return baggageHeader !== null && baggageHeader.length <= mostBaggage
    ? { baggage: baggageHeader }
    : {}
}

/** Random hex digits, two for each byte, for ids of traces and spans. */
export function randomHex(length: number): string {
  let hexText = ''
  for (const randomByte of crypto.getRandomValues(new Uint8Array(length)))
    hexText += randomByte.toString(16).padStart(2, '0')

  // Zeros are no id; once in 2^64.
  return /^0+$/.test(hexText) ? randomHex(length) : hexText
}
