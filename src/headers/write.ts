/** Puts security headers on a response, and takes away what names the server. */
import type { Faults } from '../options/index.ts'
import { pagePolicy } from '../page/html.ts'
import { type AboutRequest, isPinnable } from './host.ts'
import { kindOf } from './kind.ts'
import { freshNonce, mayShowPage, nonceSource } from './nonce.ts'
import type { HeaderOptions } from './options.ts'
import { fillNonce, placeholder } from './placeholder.ts'
import { withPreset } from './presets.ts'
import { profiles, type Row } from './profiles.ts'
import { stripped } from './strip-list.ts'

/** Writes the headers of one set of options. */
export interface HeaderWriter {
  /**
   * Returns the response with its headers, or a copy of it where its headers cannot be changed; body, status, status text
   * and every Set-Cookie stay. Never throws: what cannot be copied, such as a body already read, is returned as it is.
   */
  (response: Response, about: AboutRequest): Response
  /** Whether documents get a nonce. */
  readonly nonces: boolean
  /** A nonce for the answer to a request that may show a page, to be handed back in {@link AboutRequest}. */
  nonceFor(request: { readonly headers: Headers }): string | undefined
}

/** Statuses that cannot have a body (Fetch, "null body status"); a fetched one may have an empty stream all the same. */
const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])
const csp = 'content-security-policy'
/** Set where a response lets other origins read it; no header of ours has this bit. */
const cors = 1 << 30

/**
 * Makes a writer. Each header is set at most once: one that is there stays, unless it may have one value only and holds
 * several, or is enforced. Informational responses pass as they are, with their WebSocket.
 *
 * @param faults - takes what is wrong with the options; the writer works with what is right until they are thrown.
 */
export function headerWriter(options: HeaderOptions, faults: Faults): HeaderWriter {
  const settled = withPreset(faults, options)
  const profile = profiles(faults, settled)
  const token = placeholder(faults, settled.noncePlaceholder)
  const marks = new Map<string, number>(
    [...stripped(faults, settled.strip, settled.removePoweredBy)].map((name) => [name, 0]),
  )
  for (const [name, bit] of profile.bits) marks.set(name, bit)
  marks.set('access-control-allow-origin', cors)
  const { reports } = profile
  const nonces = profile.of.document.nonced || token !== undefined

  // Most gateways have one host: what is known of the last one is known of the next.
  let lastHost = ''
  let pinned = false

  function writeHeaders(response: Response, about: AboutRequest): Response {
    const { status } = response
    if (status < 200) return response
    try {
      const found = look(response.headers, marks, profile.single)
      const name = kindOf(status, found.type)
      const kind = profile.of[name]
      const { https, host } = about
      if (https && host !== lastHost) [lastHost, pinned] = [host, isPinnable(host)]
      const fills = token !== undefined && name === 'document'
      const nonce = kind.nonced || fills ? (about.nonce ?? freshNonce()) : ''
      const answer = written(response, https && pinned ? kind.secure : kind.plain, found, nonce)
      // Our own pages bring a policy of their own, which does not know where reports go.
      if (reports && status >= 400 && name === 'document' && answer.headers.get(csp) === pagePolicy) {
        answer.headers.set(csp, `${pagePolicy}${reports}`)
      }
      return fills ? filled(answer, token, nonce) : answer
    } catch {
      return response
    }
  }

  return Object.assign(writeHeaders, {
    nonces,
    nonceFor: ({ headers }: { readonly headers: Headers }): string | undefined =>
      nonces && mayShowPage(headers) ? freshNonce() : undefined,
  })
}

/** What a response has of what concerns us. */
interface Found {
  readonly type: string | null
  /** Bits of headers that are there to stay. */
  readonly present: number
  /** Names of headers that are taken away. */
  readonly doomed: readonly string[] | undefined
}

/** One look at every header: asking for each that could be there, and for the type besides, costs more. */
function look(headers: Headers, marks: ReadonlyMap<string, number>, single: number): Found {
  let type: string | null = null
  let present = 0
  let doomed: string[] | undefined
  headers.forEach((value, name) => {
    if (name === 'content-type') {
      type = value
      return
    }
    const mark = marks.get(name)
    if (mark === undefined) return
    if (mark === 0) {
      doomed ??= []
      doomed.push(name)
    } else if ((mark & single) === 0 || !value.includes(',')) present |= mark
  })
  return { type, present, doomed }
}

function written(response: Response, rows: readonly Row[], { present, doomed }: Found, nonce: string): Response {
  const { headers } = response
  try {
    change(headers, rows, present, doomed, nonce)
    return response
  } catch {
    // Immutable: a raw fetch, Response.redirect, a cached response. The first change fails, so nothing is half done.
    const { status, statusText } = response
    const copy = bodiless.has(status)
      ? new Response(null, { status, statusText, headers })
      : new Response(response.body, response)
    change(copy.headers, rows, present, doomed, nonce)
    return copy
  }
}

function change(
  headers: Headers,
  rows: readonly Row[],
  present: number,
  doomed: readonly string[] | undefined,
  nonce: string,
): void {
  if (doomed) for (const name of doomed) headers.delete(name)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row
    if ((present & row.bit) !== 0) continue
    const { parts } = row
    if (parts !== undefined) headers.set(row.name, parts.join(nonceSource(nonce)))
    else headers.set(row.name, (present & cors) === 0 ? row.value : (row.shared ?? row.value))
  }
}

/** A coded body is not looked into; its length would be wrong afterwards, and so would a strong validator. */
function filled(response: Response, token: string, nonce: string): Response {
  const { body, headers } = response
  if (body === null || headers.has('content-encoding')) return response
  const copy = new Response(body.pipeThrough(fillNonce(token, nonce) as TransformStream), response)
  copy.headers.delete('content-length')
  copy.headers.delete('etag')
  return copy
}
