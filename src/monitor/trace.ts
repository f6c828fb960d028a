/** Trace context: what a client says of its trace, and what the upstream is told of ours. W3C Trace Context. */

/** How traces are kept. */
export interface TraceOptions {
  /**
   * Whether the trace of a client is carried on. Default true: its id is only a name, and it lets browsers and partners find
   * their requests. With `false` every request begins a trace of its own: a client can then neither join its requests to those
   * of others nor ask for them to be recorded.
   */
  readonly continue?: boolean
  /** Share of the traces begun here that upstreams are asked to record, 0 to 1. Default 1. */
  readonly sample?: number
  /** Passes the client's `baggage` on, at most 1,024 characters of it. Default false: it is anybody's word on anything. */
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
  /** Whether whoever began the trace records it. */
  readonly sampled: boolean
  /** Bounded; undefined where there is none. */
  readonly state?: string
  /** The client's, where it is passed on. */
  readonly baggage?: string
}

/** Version 00 only: a later one may mean what we do not know. Zeros are no ids. Section 3.2.2. */
const wellFormed = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/
/** Section 3.3.1.1: at least this much has to be carried on, and nobody needs more. */
const mostState = 512
const mostBaggage = 1024

/**
 * The trace of a request: the client's where it is well-formed and carried on, else a new one.
 *
 * @see https://www.w3.org/TR/trace-context/ sections 3.2 and 4
 */
export function traceOf(headers: Headers, options: TraceOptions): Trace {
  const said = options.continue === false ? null : headers.get('traceparent')
  const [, traceId, parentId, flags = ''] = (said?.length === 55 && wellFormed.exec(said)) || []
  const spanId = hex(8)
  if (traceId === undefined || parentId === undefined) {
    const { sample = 1 } = options
    const sampled = sample >= 1 || (sample > 0 && Math.random() < sample)
    return { traceId: hex(16), spanId, sampled, ...baggageOf(headers, options) }
  }
  const state = boundedState(headers.get('tracestate'))
  return {
    traceId,
    spanId,
    parentId,
    // Of the flags only this one is known to version 00; the others go out as zero.
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    ...(state !== undefined && { state }),
    ...baggageOf(headers, options),
  }
}

/** Puts a trace on a request to an upstream, in the place of whatever the client said. */
export function tellTrace(headers: Headers, { traceId, spanId, sampled, state, baggage }: Trace): void {
  headers.set('traceparent', `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`)
  if (state === undefined) headers.delete('tracestate')
  else headers.set('tracestate', state)
  if (baggage !== undefined) headers.set('baggage', baggage)
}

/** Whole members from the left, at most 32 of them: the most recent ones come first. Section 3.3.1.5. */
function boundedState(given: string | null): string | undefined {
  if (given === null) return undefined
  const kept: string[] = []
  let length = -1
  for (const part of given.slice(0, 8192).split(',', 64)) {
    const member = part.trim()
    if (!/^[a-z0-9][\w*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/.test(member)) continue
    length += member.length + 1
    if (length > mostState || kept.length === 32) break
    kept.push(member)
  }
  return kept.length > 0 ? kept.join(',') : undefined
}

function baggageOf(headers: Headers, { baggage }: TraceOptions): { baggage?: string } {
  const said = baggage === true ? headers.get('baggage') : null
  return said !== null && said.length <= mostBaggage ? { baggage: said } : {}
}

function hex(length: number): string {
  let text = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) text += byte.toString(16).padStart(2, '0')
  // Zeros are no id; once in 2^64.
  return /^0+$/.test(text) ? hex(length) : text
}
