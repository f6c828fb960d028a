/**
 * Sets security headers on a response and removes headers that name the server's software. The
 * layer of `secureHeaders()`, `compiledHeaders()` and the gateway call the writer for each
 * response. A response that cannot be copied is returned as it is.
 */
import type { ChangeableHeaders } from '../request/tracked-headers.ts'
import {
  appendBit,
  besidePolicyBit,
  type CompiledHeaders,
  enforcedBit,
  sharedBit,
} from './compiled-format.ts'
import type { FillNonce } from './csp/placeholder.ts'
import { canUseHsts, type RequestOrigin } from './host.ts'
import { documentKind, findResponseKind, kindCount } from './kind.ts'
import { createNonce, NONCE, nonceSource } from './nonce.ts'

/** Writes the headers of one set of options. */
export interface ResponseWriter {
  /**
   * Returns the response with its headers, or a copy of it where its headers are immutable; body, status, status text
   * and every Set-Cookie stay. Never throws: a response that cannot be copied, such as one whose body was read, is returned
   * unchanged.
   */
  (response: Response, origin: RequestOrigin): Response
  /** Whether documents get a nonce. */
  readonly nonces: boolean
  /** Whether a placeholder is replaced in bodies, which must then be complete and uncompressed. */
  readonly fills: boolean
}

/** Statuses that cannot have a body (Fetch, "null body status"); a fetched one may have an empty stream all the same. */
const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])
const csp = 'content-security-policy'
/** How the policies of our own pages begin: that of the plain page, and those of `pages()`. */
const ownPolicyStart = "default-src 'none'; style-src '"
const reportOnly = 'content-security-policy-report-only'
/** The bit of a response that other origins may read; no header of ours has it. */
const corsBit = 1 << 30
/** The bit of a response that has a policy. */
const policyBit = 1

/** One header to set. */
interface HeaderRow {
  readonly name: string
  readonly value: string
  /** The responses that get it, as in {@link CompiledHeader.where}. */
  readonly where: number
  /** The bit of the name among the headers that a response has; 0 for a header that is always set. */
  readonly bit: number
  /** The bit of a header that the response must have; 0: none. */
  readonly needs: number
  /** The parts of the value around the nonce, where it has one. */
  readonly parts: readonly string[] | undefined
  /** The value on a response that other origins may read (CORS), if it is a different one. */
  readonly shared: string | undefined
}

/** The headers of one set of options, ready to be compared with those of a response. */
interface HeaderTable {
  /** A bit for each header that may be set, and 0 for each that is removed. */
  readonly marks: ReadonlyMap<string, number>
  /** The bits of headers that may have one value only. */
  readonly single: number
  /** The rows of each kind of response; over https on a named host at `kind + kindCount`. */
  readonly rows: ReadonlyArray<readonly HeaderRow[]>
}

/** The headers that a response came with. */
interface PresentHeaders {
  readonly headers: ChangeableHeaders
  /** The Content-Type. */
  type: string | null
  /** The sum of their bits. */
  bits: number
  /** The names of those to remove. */
  readonly removed: string[]
}

/**
 * Creates a writer. Each header is set at most once: one that the response has stays, unless it may have one value only and
 * holds several, or is enforced. Informational responses are returned unchanged, with their WebSocket.
 *
 * @param fill - replaces the placeholder; absent only where none was compiled.
 */
export function createCompiledWriter(
  compiled: CompiledHeaders,
  fill: FillNonce | undefined,
): ResponseWriter {
  const { placeholder, pages } = compiled
  const token = fill && placeholder
  const table = buildTable(compiled)
  const nonces = !!(placeholder || table.rows[documentKind]?.some(({ parts }) => parts))

  // Most gateways have one host, so the result of the last check usually holds.
  let lastPinned: string | undefined

  function mayUseHsts(host: string): boolean {
    if (host !== lastPinned && !canUseHsts(host)) return false
    lastPinned = host
    return true
  }

  function writeHeaders(response: Response, origin: RequestOrigin): Response {
    try {
      return response.status < 200 ? response : decorate(response, origin)
    } catch {
      return response
    }
  }

  function decorate(response: Response, origin: RequestOrigin): Response {
    const { status } = response
    const present = findPresentHeaders(origin.headers ?? response.headers, table)
    const kind = findResponseKind(status, present.type)
    const isDocument = kind === documentKind
    const nonce = nonces && isDocument ? (origin.nonce ?? createNonce()) : ''

    const { https } = origin
    const offset = https && mayUseHsts(origin.host) ? kindCount : 0
    const rows = table.rows[kind + offset] as readonly HeaderRow[]

    // Our own pages have a policy of their own, which lacks the reporting. A policy of the handler is left alone.
    const own = pages && findOwnPolicy(response, kind)
    const answer = changeHeaders(response, rows, present, nonce)
    if (own) completeOwnPage(answer.headers, own, pages[https ? 'reporting' : 'plain'])

    return token ? fill(answer, token, isDocument ? nonce : undefined) : answer
  }

  return Object.assign(writeHeaders, { nonces, fills: !!placeholder })
}

/** The policy of a response, where it is one of our own pages. */
function findOwnPolicy(response: Response, kind: number): string | undefined {
  if (response.status < 400 || kind !== documentKind) return undefined
  const policy = response.headers.get(csp)
  return policy?.startsWith(ownPolicyStart) ? policy : undefined
}

/** A page of ours reports violations of its own policy, and no other policy applies to it. */
function completeOwnPage(headers: Headers, policy: string, reporting: string): void {
  headers.set(csp, policy + reporting)
  headers.delete(reportOnly)
}

function buildTable({ headers, strip }: CompiledHeaders): HeaderTable {
  const marks = new Map([['access-control-allow-origin', corsBit]])
  let bitCount = 0
  let single = 0

  const all = headers.map(({ name, value, where, how }): HeaderRow => {
    const bit = marks.get(name) ?? (name === csp ? policyBit : policyBit << ++bitCount)
    marks.set(name, bit)
    if (!(how & appendBit)) single |= bit

    return {
      name,
      value,
      where,
      bit: how & enforcedBit ? 0 : bit,
      needs: how & besidePolicyBit ? policyBit : 0,
      parts: value.includes(NONCE) ? value.split(NONCE) : undefined,
      shared: how & sharedBit ? 'cross-origin' : undefined,
    }
  })
  for (const headerName of strip.split(' ')) if (!marks.has(headerName)) marks.set(headerName, 0)

  const rows = Array.from({ length: 2 * kindCount }, (_, bit) =>
    all.filter(({ where }) => (where >> bit) & 1),
  )
  return { marks, single, rows }
}

/** Looks at every header once: asking for each that matters would cost more. */
function findPresentHeaders(
  headers: ChangeableHeaders,
  { marks, single }: HeaderTable,
): PresentHeaders {
  const present: PresentHeaders = { headers, type: null, bits: 0, removed: [] }

  headers.forEach((value, headerName) => {
    if (headerName === 'content-type') {
      present.type = value
      return
    }

    const mark = marks.get(headerName)
    if (mark === 0) present.removed.push(headerName)
    else if (mark && (!(mark & single) || !value.includes(','))) present.bits |= mark
  })

  return present
}

/** Changes the headers in place, or those of a copy where they are immutable. */
function changeHeaders(
  response: Response,
  rows: readonly HeaderRow[],
  present: PresentHeaders,
  nonce: string,
): Response {
  try {
    applyChanges(present.headers, rows, present, nonce)
    return response
  } catch {
    // Immutable: a raw fetch, Response.redirect, a cached response. The first change fails, so nothing is half done.
    const copy = new Response(bodiless.has(response.status) ? null : response.body, response)
    applyChanges(copy.headers, rows, present, nonce)
    return copy
  }
}

function applyChanges(
  headers: ChangeableHeaders,
  rows: readonly HeaderRow[],
  { bits, removed }: PresentHeaders,
  nonce: string,
): void {
  for (const headerName of removed) headers.delete(headerName)

  for (const { name, value, bit, needs, parts, shared } of rows) {
    if (bits & bit || (bits & needs) !== needs) continue

    if (parts !== undefined) headers.set(name, parts.join(nonceSource(nonce)))
    else headers.set(name, (bits & corsBit && shared) || value)
  }
}
