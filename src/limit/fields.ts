/**
 * Creates the response fields that tell clients about limits, as
 * draft-ietf-httpapi-ratelimit-headers-10 defines them. `decide.ts` and `policies.ts` call it.
 * Fields of a handler stay; a response whose headers cannot be changed is copied.
 */
import type { TakeResult } from './contract.ts'

/** The name, the limit and the window of a policy; names are dashed words, so that none needs escaping. */
export interface NamedPolicy {
  readonly name: string
  readonly limit: number
  /** Seconds. */
  readonly window: number
}

/** An item of `RateLimit-Policy` (draft section 3). */
export function policyItem({ name, window }: NamedPolicy, limit: number): string {
  return `"${name}";q=${limit};w=${window}`
}

/**
 * An item of `RateLimit` (draft section 4): so many units, for so many seconds. Where a take was denied these are the
 * seconds of Retry-After, which must not be earlier; else those until all is free. undefined where nobody counted.
 */
export function limitItem(name: string, result: TakeResult): string | undefined {
  const { allowed, remaining, retryAfter, retryAt, resetAt, degraded } = result
  if (remaining === undefined || degraded) return undefined

  // A result was judged at `retryAt` if it allowed.
  const seconds = allowed ? Math.max(0, Math.ceil((resetAt - retryAt) / 1000)) : retryAfter
  return Number.isFinite(seconds)
    ? `"${name}";r=${remaining};t=${seconds}`
    : `"${name}";r=${remaining}`
}

/**
 * Appends fields to a response, or to a copy of it where its headers cannot be changed. What a handler or another limit
 * wrote stays; an upgraded connection passes as it is.
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
      // Immutable: a raw fetch, Response.redirect, a cached response. The first change fails, so nothing is half done.
      const copy = bodiless.has(response.status)
        ? new Response(null, response)
        : new Response(response.body, response)
      append(copy.headers, fields)
      return copy
    } catch {
      return response // a body already read: better without these fields than not at all
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
