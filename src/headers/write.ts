/** Puts security headers on a response, and takes away what names the server. */
import {
  appendBit,
  besidePolicyBit,
  type CompiledHeaders,
  enforcedBit,
  sharedBit,
} from './compiled.ts'
import { createNonce, NONCE, nonceSource } from './csp/nonce.ts'
import type { FillNonce } from './csp/placeholder.ts'
import { canUseHsts, type RequestOrigin } from './host.ts'
import { documentKind, findResponseKind, kindCount } from './kind.ts'

/** Writes the headers of one set of options. */
export interface ResponseWriter {
  /**
   * Returns the response with its headers, or a copy of it where its headers cannot be changed; body, status, status text
   * and every Set-Cookie stay. Never throws: what cannot be copied, such as a body already read, is returned as it is.
   */
  (response: Response, about: RequestOrigin): Response
  /** Whether documents get a nonce. */
  readonly nonces: boolean
  /** Whether a placeholder is replaced in bodies, which must then be whole and not coded. */
  readonly fills: boolean
}

/** Statuses that cannot have a body (Fetch, "null body status"); a fetched one may have an empty stream all the same. */
const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])
const csp = 'content-security-policy'
const reportOnly = 'content-security-policy-report-only'
/** Set where a response lets other origins read it; no header of ours has this bit. */
const cors = 1 << 30
/** Set where a response has a policy. */
const policy = 1

/** One header to set. */
interface HeaderRow {
  readonly name: string
  readonly value: string
  /** Stands for the name while a response is looked at; 0 where it does not matter whether it is there. */
  readonly bit: number
  /** What must be there for it to be set, as a bit; 0: nothing. */
  readonly requiredBit: number
  /** The value around the nonce, where it has one. */
  readonly parts: readonly string[] | undefined
  /** The value where the response allows other origins to read it (CORS), if that is another. */
  readonly shared: string | undefined
}

/**
 * Makes a writer. Each header is set at most once: one that is there stays, unless it may have one value only and holds
 * several, or is enforced. Informational responses pass as they are, with their WebSocket.
 *
 * @param fill - replaces the placeholder; absent only where none was compiled.
 */
export function createCompiledWriter(
  { headers, strip, placeholder: token, pages }: CompiledHeaders,
  fill: FillNonce | undefined,
): ResponseWriter {
  const marks = new Map([['access-control-allow-origin', cors]])
  let bits = 0
  let single = 0
  const rows = headers.map(({ name, value, where, how }): readonly [number, HeaderRow] => {
    const bit = marks.get(name) ?? (name === csp ? policy : policy << ++bits)
    marks.set(name, bit)
    if ((how & appendBit) === 0) single |= bit

    return [
      where,
      {
        name,
        value,
        bit: (how & enforcedBit) === 0 ? bit : 0,
        requiredBit: (how & besidePolicyBit) === 0 ? 0 : policy,
        parts: value.includes(NONCE) ? value.split(NONCE) : undefined,
        shared: (how & sharedBit) === 0 ? undefined : 'cross-origin',
      },
    ]
  })

  for (const name of strip.split(' ')) if (!marks.has(name)) marks.set(name, 0)
  // By kind; over https on a name, by kind and kindCount.
  const sets = Array.from({ length: 2 * kindCount }, (_, bit) =>
    rows.filter(([where]) => (where >> bit) & 1).map(([, row]) => row),
  )
  const nonces = token !== undefined || (sets[documentKind]?.some(({ parts }) => parts) ?? false)

  // Most gateways have one host: what is known of the last one is known of the next.
  let lastHost = ''
  let pinned = false

  function writeHeaders(response: Response, about: RequestOrigin): Response {
    const { status, headers } = response
    if (status < 200) return response
    try {
      let type: string | null = null
      let present = 0
      let namesToRemove: string[] | undefined

      // One look at every header: asking for each that could be there, and for the type besides, costs more.
      headers.forEach((value, name) => {
        if (name === 'content-type') {
          type = value
          return
        }

        const mark = marks.get(name)
        if (mark === undefined) return

        if (mark === 0) {
          namesToRemove ??= []
          namesToRemove.push(name)
        } else if ((mark & single) === 0 || !value.includes(',')) present |= mark
      })

      const kind = findResponseKind(status, type)
      const { https, host } = about
      if (https && host !== lastHost) [lastHost, pinned] = [host, canUseHsts(host)]

      const nonce = nonces && kind === documentKind ? (about.nonce ?? createNonce()) : ''
      const set = sets[https && pinned ? kind + kindCount : kind] as readonly HeaderRow[]

      // Our own pages bring a policy of their own, which does not know where reports go. What others say would only be broken.
      const own =
        kind === documentKind &&
        status >= 400 &&
        pages !== undefined &&
        headers.get(csp) === pages.policy

      let answer = response
      try {
        applyChanges(headers, set, present, namesToRemove, nonce)
      } catch {
        // Immutable: a raw fetch, Response.redirect, a cached response. The first change fails, so nothing is half done.
        answer = bodiless.has(status)
          ? new Response(null, { status, statusText: response.statusText, headers })
          : new Response(response.body, response)
        applyChanges(answer.headers, set, present, namesToRemove, nonce)
      }

      if (kind !== documentKind)
        return token !== undefined && fill ? fill(answer, token, undefined) : answer

      if (own) {
        answer.headers.set(csp, https ? pages.reporting : pages.plain)
        answer.headers.delete(reportOnly)
      }

      return token !== undefined && fill ? fill(answer, token, nonce) : answer
    } catch {
      return response
    }
  }

  return Object.assign(writeHeaders, { nonces, fills: token !== undefined })
}

function applyChanges(
  headers: Headers,
  rows: readonly HeaderRow[],
  present: number,
  namesToRemove: readonly string[] | undefined,
  nonce: string,
): void {
  if (namesToRemove) for (const name of namesToRemove) headers.delete(name)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as HeaderRow
    if ((present & row.bit) !== 0 || (present & row.requiredBit) !== row.requiredBit) continue

    const { parts } = row
    if (parts !== undefined) headers.set(row.name, parts.join(nonceSource(nonce)))
    else headers.set(row.name, (present & cors) === 0 ? row.value : (row.shared ?? row.value))
  }
}
