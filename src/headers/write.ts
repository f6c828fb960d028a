/**
 * Sets security headers on a response, and removes headers that name the server's software. The
 * layer of `secureHeaders()`, `compiledHeaders()` and the gateway call the writer for each
 * response. It never throws. A response with immutable headers is copied; if that fails, for
 * example because its body was read, the response is returned without any of the headers.
 */
import { type ChangeableHeaders, findStatus } from '../request/tracked-headers.ts'
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
   * Returns the response with the headers, or a copy of it where its headers are immutable. Its
   * body, status, status text and every Set-Cookie stay. It never throws: a response that cannot be
   * copied, such as one whose body was read, is returned unchanged.
   */
  (response: Response, origin: RequestOrigin): Response
  /** Whether documents get a nonce. */
  readonly nonces: boolean
  /**
   * Whether the writer replaces a placeholder in bodies, which must then be complete and
   * uncompressed.
   */
  readonly fills: boolean
}

/**
 * The statuses that cannot have a body (Fetch, "null body status"). A fetched response may
 * nevertheless have an empty stream.
 */
const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])
const csp = 'content-security-policy'
/** The beginning of the policies of the library's own pages. */
const pagePolicyStart = "default-src 'none'; style-src '"
const reportOnly = 'content-security-policy-report-only'
/** The bit of a response that other origins may read (CORS). No header of the table has it. */
const corsBit = 1 << 30
/** The bit of the header Content-Security-Policy. */
const policyBit = 1

/** One header to set. */
interface HeaderRow {
  readonly name: string
  readonly value: string
  /** The responses that get the header, as in {@link CompiledHeader.where}. */
  readonly where: number
  /**
   * The bit of the header's name among the headers that a response has; 0 for a header that is
   * always set.
   */
  readonly bit: number
  /** The bit of a header that the response must already have; 0 for none. */
  readonly needs: number
  /** The parts of the value around the nonce, if it has one. */
  readonly parts: readonly string[] | undefined
  /** The value on a response that other origins may read (CORS), if it differs. */
  readonly corsValue: string | undefined
}

/** The headers of one set of options, ready to be compared with those of a response. */
interface HeaderTable {
  /** A bit for each header that may be set, and 0 for each that is removed. */
  readonly marks: ReadonlyMap<string, number>
  /** The bits of headers that may have one value only. */
  readonly single: number
  /**
   * The headers of each kind of response; those of https on a named host are at `kind + kindCount`.
   */
  readonly rows: ReadonlyArray<readonly HeaderRow[]>
}

/** The headers that a response already has. */
interface PresentHeaders {
  readonly headers: ChangeableHeaders
  /** The value of Content-Type. */
  type: string | null
  /** The sum of the bits of these headers. */
  bits: number
  /** The names of the headers to remove. */
  readonly removedNames: string[]
}

/**
 * Creates a writer. A header that the response already has stays, unless it is enforced, or may
 * have only one value and has several. Informational responses are returned unchanged, with their
 * WebSocket.
 *
 * @param fill - replaces the placeholder; absent only where none was compiled.
 */
export function createCompiledWriter(
  compiledHeaders: CompiledHeaders,
  fill: FillNonce | undefined,
): ResponseWriter {
  const { placeholder, pages } = compiledHeaders
  const token = fill && placeholder
  const table = buildTable(compiledHeaders)
  const nonces = !!(placeholder || table.rows[documentKind]?.some(({ parts }) => parts))

  // Most gateways have one host, so the last host that was checked is usually the same.
  let lastHstsHost: string | undefined

  function mayUseHsts(host: string): boolean {
    if (host !== lastHstsHost && !canUseHsts(host)) return false
    lastHstsHost = host
    return true
  }

  function writeHeaders(response: Response, origin: RequestOrigin): Response {
    try {
      const status = findStatus(response)
      return status < 200 ? response : decorate(response, status, origin)
    } catch {
      return response
    }
  }

  function decorate(response: Response, status: number, origin: RequestOrigin): Response {
    const present = findPresentHeaders(origin.headers ?? response.headers, table)
    const kind = findResponseKind(status, present.type)
    const isDocument = kind === documentKind
    const nonce = nonces && isDocument ? (origin.nonce ?? createNonce()) : ''

    const { https } = origin
    const offset = https && mayUseHsts(origin.host) ? kindCount : 0
    const rows = table.rows[kind + offset] as readonly HeaderRow[]

    // The library's own pages bring a policy, to which the reporting is added. A policy of the
    // handler stays unchanged.
    const pagePolicy = pages && findPagePolicy(response, status, kind)
    const decorated = changeHeaders(response, rows, present, nonce)
    if (pagePolicy)
      completePage(decorated.headers, pagePolicy, pages[https ? 'reporting' : 'plain'])

    return token ? fill(decorated, token, isDocument ? nonce : undefined) : decorated
  }

  return Object.assign(writeHeaders, { nonces, fills: !!placeholder })
}

/** Returns the policy of a response that is one of the library's own pages, or undefined. */
function findPagePolicy(response: Response, status: number, kind: number): string | undefined {
  if (status < 400 || kind !== documentKind) return undefined
  const policy = response.headers.get(csp)
  return policy?.startsWith(pagePolicyStart) ? policy : undefined
}

/**
 * Adds the reporting to the policy of one of the library's own pages, to which no other policy
 * applies.
 */
function completePage(headers: Headers, policy: string, reporting: string): void {
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
      corsValue: how & sharedBit ? 'cross-origin' : undefined,
    }
  })
  for (const headerName of strip.split(' ')) if (!marks.has(headerName)) marks.set(headerName, 0)

  const rows = Array.from({ length: 2 * kindCount }, (_, bit) =>
    all.filter(({ where }) => (where >> bit) & 1),
  )
  return { marks, single, rows }
}

/**
 * Finds the headers that a response has, in one pass. Reading each relevant header separately would
 * take longer.
 */
function findPresentHeaders(
  headers: ChangeableHeaders,
  { marks, single }: HeaderTable,
): PresentHeaders {
  const present: PresentHeaders = { headers, type: null, bits: 0, removedNames: [] }

  headers.forEach((value, headerName) => {
    if (headerName === 'content-type') {
      present.type = value
      return
    }

    const mark = marks.get(headerName)
    if (mark === 0) present.removedNames.push(headerName)
    else if (mark && (!(mark & single) || !value.includes(','))) present.bits |= mark
  })

  return present
}

/** Changes the headers of the response, or of a copy where they are immutable. */
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
    // The headers of a fetched, redirecting or cached response are immutable. Already the first
    // change throws, so nothing was changed.
    const copy = new Response(bodiless.has(response.status) ? null : response.body, response)
    applyChanges(copy.headers, rows, present, nonce)
    return copy
  }
}

function applyChanges(
  headers: ChangeableHeaders,
  rows: readonly HeaderRow[],
  { bits, removedNames }: PresentHeaders,
  nonce: string,
): void {
  for (const headerName of removedNames) headers.delete(headerName)

  for (const { name, value, bit, needs, parts, corsValue } of rows) {
    if (bits & bit || (bits & needs) !== needs) continue

    if (parts !== undefined) headers.set(name, parts.join(nonceSource(nonce)))
    else headers.set(name, (bits & corsBit && corsValue) || value)
  }
}
