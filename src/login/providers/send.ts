/**
 * Sends one request to a provider, with a deadline, without following redirects, and with a limit
 * for the response. `connection.ts`, `protocol.ts` and `edge/alb-keys.ts` call `send` or
 * `readJsonObject`; `login.ts` reads posted forms with `readBounded`.
 *
 * It throws a `LoginError`: `provider-unreachable` where no response comes within `timeoutMs`, or
 * with 429 or 5xx for `readJsonObject`; `provider-malformed` for a redirect, a body over 256 kB, or
 * something else than a JSON object. `send` itself returns error statuses. Invalid UTF-8 is replaced.
 * A `fetch` that ignores `signal` makes the deadline void.
 */
import { isObject, LoginError } from '../types.ts'

/** A `fetch` of any runtime. It must honour `signal`. */
export type LoginFetch = (url: string, init: RequestInit) => Promise<Response>

/** Most bytes of a response by default; metadata, keys and tokens are far smaller. */
const usualBytes = 262_144
const withoutBody = [204, 205, 304]

/**
 * Sends a request and reads the whole answer within the same deadline.
 *
 * @throws {LoginError} `provider-unreachable` or `provider-malformed`
 */
export async function send(
  fetch: LoginFetch,
  url: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<Response> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: abort.signal })
    const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304
    if (response.type === 'opaqueredirect' || isRedirect) {
      throw new LoginError('provider-malformed', 'redirect')
    }

    const text = await readBounded(response)
    const { status, headers } = response
    return new Response(withoutBody.includes(status) ? null : text, { status, headers })
  } catch (error) {
    if (error instanceof LoginError) throw error
    throw new LoginError('provider-unreachable', error instanceof Error ? error.name : '')
  } finally {
    clearTimeout(timer)
  }
}

/** Reads the text of a body of at most `mostBytes`. @throws {LoginError} `provider-malformed` for a longer one */
export async function readBounded(
  { body }: Request | Response,
  mostBytes: number = usualBytes,
): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break

    bytes += value.byteLength
    if (bytes > mostBytes) {
      reader.cancel().catch(() => {})
      throw new LoginError('provider-malformed', 'too long')
    }
    text += decoder.decode(value, { stream: true })
  }
  return text + decoder.decode()
}

/**
 * Fetches a JSON object.
 *
 * @throws {LoginError} `provider-unreachable` or `provider-malformed`
 */
export async function readJsonObject(
  fetch: LoginFetch,
  url: string,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const response = await send(fetch, url, { headers: { accept: 'application/json' } }, timeoutMs)
  const { status } = response
  if (status >= 500 || status === 429)
    throw new LoginError('provider-unreachable', `status ${status}`)
  if (status !== 200) throw new LoginError('provider-malformed', `status ${status}`)

  let value: unknown
  try {
    value = await response.json()
  } catch {
    throw new LoginError('provider-malformed', 'json')
  }
  if (isObject(value)) return value
  throw new LoginError('provider-malformed', 'json')
}
