/**
 * Keeps a body and its Content-Encoding consistent. Some runtimes decode bodies in `fetch` and keep the header, so a
 * request only asks for codings whose handling is known. `forward.ts`, `upstream-request.ts`, `client-response.ts`
 * and the clients of upstreams call it. A part of an encoded file that `fetch` has decoded, and a coding that was not
 * requested and cannot be recognized, throw or reject with `ERR_UPSTREAM_UNREACHABLE`.
 */
import { PortcullisError } from '../errors.ts'

/** How the `fetch` of a runtime handles encoded bodies (RFC 9110 section 8.4.1). */
export interface DecodingRules {
  /** Codings that a request may ask the upstream for; undefined forwards Accept-Encoding unchanged. */
  readonly asksFor: ReadonlySet<string> | undefined
  /**
   * Whether a body in these codings arrives decoded although its headers still name them. `'look'`: only the first
   * bytes of the body show it.
   */
  decodes(codings: readonly string[]): boolean | 'look'
}

/** The rules of a client that does not decode bodies. */
export const passesBodies: DecodingRules = { asksFor: undefined, decodes: () => false }

// Node 20, 22, 24 and edge-runtime: undici decodes all of a list or none of it. Whether it knows
// zstd depends on its version, so zstd is never requested.
const undiciKnows: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd'])
const undiciRules: DecodingRules = {
  asksFor: new Set(['gzip', 'x-gzip', 'deflate', 'br']),
  decodes(codings) {
    if (!codings.every((coding) => undiciKnows.has(coding))) return false
    return codings.includes('zstd') ? 'look' : true
  },
}

// Deno decodes gzip and br, each alone, and does not decode any other coding.
const denoKnows: ReadonlySet<string> = new Set(['gzip', 'br'])
const denoRules: DecodingRules = {
  asksFor: denoKnows,
  decodes: ([firstCoding = '', ...otherCodings]) =>
    otherCodings.length === 0 && denoKnows.has(firstCoding),
}

/**
 * Returns the rules of the runtime that this code runs in. Requests in Bun have an option so that it
 * does not decode; see {@link rawBodies}.
 */
export function runtimeRules(agent: string = globalThis.navigator?.userAgent ?? ''): DecodingRules {
  if (agent === 'Cloudflare-Workers' || agent.startsWith('Bun/')) return passesBodies
  return agent.startsWith('Deno/') ? denoRules : undiciRules
}

/** An option of `fetch` with which Bun does not decode bodies. Other runtimes ignore it. */
export const rawBodies: object = { decompress: false }

/** Reads the codings of a message, in lower case and in the order in which they were applied. */
export function readCodings(headers: Pick<Headers, 'get'>): string[] {
  const codingNames = headers.get('content-encoding')?.toLowerCase().split(',') ?? []
  return codingNames
    .map((codingName) => codingName.trim())
    .filter((codingName) => codingName !== '')
}

/**
 * Reduces the Accept-Encoding of a request to codings that the runtime handles reliably. A request with Range asks for
 * no coding, since a part of an encoded file cannot be decoded.
 */
export function narrowAccepted(headers: Headers, { asksFor }: DecodingRules): void {
  if (asksFor === undefined) return
  const members = headers.has('range') ? [] : (headers.get('accept-encoding')?.split(',') ?? [])
  const knownMembers = members.filter((member) =>
    asksFor.has(member.split(';', 1)[0]?.trim().toLowerCase() ?? ''),
  )
  // Without the header, `fetch` would ask for codings by itself, also for a client that accepts
  // none.
  headers.set(
    'accept-encoding',
    knownMembers.length === 0 ? 'identity' : knownMembers.map((member) => member.trim()).join(', '),
  )
}

/**
 * Returns the response with headers that match its body. If `fetch` has decoded the body, the headers that describe the
 * encoded body are removed.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_UNREACHABLE` for a part of an encoded file, which `fetch` has decoded like a
 *   whole one
 */
export function matchCoding<T extends Response>(
  response: T,
  method: string,
  rules: DecodingRules,
): T | Promise<T> {
  if (rules === passesBodies || method === 'HEAD') return response
  const { status, body } = response
  return body === null || status < 200 ? response : matchBody(response, body, rules)
}

async function matchBody<T extends Response>(
  response: T,
  body: ReadableStream<Uint8Array>,
  rules: DecodingRules,
): Promise<T> {
  const codings = readCodings(response.headers)
  const wasDecoded = codings.length > 0 && rules.decodes(codings)
  if (wasDecoded === false) return response
  if (wasDecoded === true) return removeCoding(response, body)

  const peekResult = await startsWith(body, magicBytes[codings.at(-1) ?? ''])
  if (peekResult.matches === undefined) {
    await peekResult.body.cancel()
    throw new PortcullisError(
      'ERR_UPSTREAM_UNREACHABLE',
      'The upstream used a content coding that was not requested',
    )
  }

  return peekResult.matches
    ? (new Response(peekResult.body, response) as T)
    : removeCoding(response, peekResult.body)
}

// The first bytes of an encoded body (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1). Brotli and deflate have none.
const magicBytes: Readonly<Record<string, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  'x-gzip': [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
}

function removeCoding<T extends Response>(response: T, body: ReadableStream<Uint8Array>): T {
  if (response.status === 206) {
    body.cancel().catch(() => {})
    throw new PortcullisError(
      'ERR_UPSTREAM_UNREACHABLE',
      'The upstream sent a part of an encoded file',
    )
  }

  const newResponse = new Response(body, response) as T
  for (const headerName of encodedBodyHeaders) newResponse.headers.delete(headerName)

  return newResponse
}

/** Headers that describe the encoded body, as digests do (RFC 9530 section 3). */
const encodedBodyHeaders = [
  'content-encoding',
  'content-length',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
]

/** Checks whether a body begins with these bytes, and returns a body that still has all of its bytes. */
async function startsWith(
  body: ReadableStream<Uint8Array>,
  expectedBytes: readonly number[] | undefined,
): Promise<{ matches: boolean | undefined; body: ReadableStream<Uint8Array> }> {
  if (expectedBytes === undefined) return { matches: undefined, body }
  const [peekBranch, restBranch] = body.tee()
  const reader = peekBranch.getReader()
  const firstBytes: number[] = []
  while (firstBytes.length < expectedBytes.length) {
    const { done: isDone, value: chunk } = await reader.read()
    if (isDone) break
    firstBytes.push(...chunk.subarray(0, expectedBytes.length - firstBytes.length))
  }

  reader.cancel().catch(() => {})

  return {
    matches: expectedBytes.every((expectedByte, index) => firstBytes[index] === expectedByte),
    body: restBranch,
  }
}
