/**
 * Creates the response header fields `RateLimit-Policy` and `RateLimit`, as
 * draft-ietf-httpapi-ratelimit-headers-10 defines them. `decide.ts` and `policies.ts` call it.
 * Fields that a handler set stay. A response with immutable headers is copied; if its body was
 * already read, it is returned without these fields.
 */
import type { TakeResult } from './contract.ts'

/**
 * A policy as the fields name it. Names are lower-case words with dashes, so none needs escaping.
 */
export interface NamedPolicy {
  readonly name: string
  readonly limit: number
  /** Seconds. */
  readonly window: number
}

/** Creates the item of one policy in `RateLimit-Policy` (draft section 3). */
export function policyItem({ name, window }: NamedPolicy, limit: number): string {
  return `"${name}";q=${limit};w=${window}`
}

/**
 * Creates the item of one policy in `RateLimit` (draft section 4): the remaining units, and after
 * how many seconds more are available. After a denial these are the seconds of Retry-After, which
 * must not be earlier; otherwise the seconds until all units are free. Returns undefined where no
 * store counted.
 */
export function limitItem(name: string, result: TakeResult): string | undefined {
  const { allowed, remaining, retryAfter, retryAt, resetAt, degraded } = result
  if (remaining === undefined || degraded) return undefined

  // `retryAt` of an allowed take is the moment at which it was evaluated.
  const seconds = allowed ? Math.max(0, Math.ceil((resetAt - retryAt) / 1000)) : retryAfter
  return Number.isFinite(seconds)
    ? `"${name}";r=${remaining};t=${seconds}`
    : `"${name}";r=${remaining}`
}

/**
 * Appends fields to a response, or to a copy of a response whose headers are immutable. Fields that
 * a handler or another limit wrote stay. An upgraded connection (status 101) is returned unchanged.
 */
export function withFields(
  response: Response,
  fields: ReadonlyArray<readonly [name: string, value: string]>,
): Response {
  if (response.status < 200 || fields.length === 0) return response
  try {
    append(response.headers, fields)
    return response
  } catch {
    try {
      // The headers of a fetched, redirecting or cached response are immutable. Already the first
      // change throws, so no field was added.
      const copy = bodiless.has(response.status)
        ? new Response(null, response)
        : new Response(response.body, response)
      append(copy.headers, fields)
      return copy
    } catch {
      // A body that was read cannot be copied: the client gets the response without these fields.
      return response
    }
  }
}

const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])

function append(
  headers: Headers,
  fields: ReadonlyArray<readonly [name: string, value: string]>,
): void {
  for (const [name, value] of fields) headers.append(name, value)
}
