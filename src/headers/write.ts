/** Puts security headers on a response, and takes away what names the server. */
import { besidePolicy, type CompiledHeaders, enforced, kinds, several, shared } from './compiled.ts'
import { type AboutRequest, isPinnable } from './host.ts'
import { kindOf, type ResponseKind } from './kind.ts'
import { freshNonce, mayShowPage, NONCE, nonceSource } from './nonce.ts'
import { fillNonce } from './placeholder.ts'

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

/** One header to set. */
interface Row {
  readonly name: string
  readonly value: string
  /** Stands for the name while a response is looked at; 0 where it does not matter whether it is there. */
  readonly bit: number
  /** What must be there for it to be set, as a bit; 0: nothing. */
  readonly beside: number
  /** The value around the nonce, where it has one. */
  readonly parts: readonly string[] | undefined
  /** The value where the response allows other origins to read it (CORS), if that is another. */
  readonly shared: string | undefined
}

/** The headers of one kind: over plain http or for a host that cannot be pinned, and over https on a name. */
interface Profile {
  readonly plain: readonly Row[]
  readonly secure: readonly Row[]
  /** Whether any of them holds a nonce. */
  readonly nonced: boolean
}

/**
 * Makes a writer. Each header is set at most once: one that is there stays, unless it may have one value only and holds
 * several, or is enforced. Informational responses pass as they are, with their WebSocket.
 */
export function compiledWriter({ headers, strip, placeholder: token, pages }: CompiledHeaders): HeaderWriter {
  const marks = new Map(strip.split(' ').map((name) => [name, 0]))
  const bits = new Map([...new Set([csp, ...headers.map(([name]) => name)])].map((name, i) => [name, 1 << i]))
  let single = 0
  const rows = headers.map(([name, value, where, how]): readonly [number, Row] => {
    const bit = bits.get(name) as number
    marks.set(name, bit)
    if ((how & several) === 0) single |= bit
    return [
      where,
      {
        name,
        value,
        bit: (how & enforced) === 0 ? bit : 0,
        beside: (how & besidePolicy) === 0 ? 0 : 1,
        parts: value.includes(NONCE) ? value.split(NONCE) : undefined,
        shared: (how & shared) === 0 ? undefined : 'cross-origin',
      },
    ]
  })
  marks.set('access-control-allow-origin', cors)
  const of = Object.create(null) as Record<ResponseKind, Profile>
  for (const [k, kind] of kinds.entries()) {
    const at = (bit: number): Row[] => rows.filter(([where]) => (where >> bit) & 1).map(([, row]) => row)
    const plain = at(k)
    of[kind] = { plain, secure: at(k + kinds.length), nonced: plain.some(({ parts }) => parts) }
  }
  const nonces = of.document.nonced || token !== undefined

  // Most gateways have one host: what is known of the last one is known of the next.
  let lastHost = ''
  let pinned = false

  function writeHeaders(response: Response, about: AboutRequest): Response {
    const { status } = response
    if (status < 200) return response
    try {
      const found = look(response.headers, marks, single)
      const name = kindOf(status, found.type)
      const kind = of[name]
      const { https, host } = about
      if (https && host !== lastHost) [lastHost, pinned] = [host, isPinnable(host)]
      const fills = token !== undefined && name === 'document'
      const nonce = kind.nonced || fills ? (about.nonce ?? freshNonce()) : ''
      const answer = written(response, https && pinned ? kind.secure : kind.plain, found, nonce)
      // Our own pages bring a policy of their own, which does not know where reports go.
      if (pages && status >= 400 && name === 'document' && answer.headers.get(csp) === pages[0]) {
        answer.headers.set(csp, pages[1])
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
    if ((present & row.bit) !== 0 || (present & row.beside) !== row.beside) continue
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
