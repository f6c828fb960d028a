/** Compares one page as the gateway sends it with the same page as this origin sends it. Both are asked, nothing is assumed. */

/** One thing to look for in the headers of a page. */
export interface Check {
  readonly name: string
  readonly without: boolean
  readonly with: boolean
}

/** The comparison, and how many checks each side passes. */
export interface Comparison {
  readonly checks: readonly Check[]
  readonly scores: { readonly without: number; readonly with: number }
}

const path = '/live'
const keptMs = 30_000
/** The first request to a gateway that just started takes longer than any later one. */
const patienceMs = 5000

/** HSTS is not among them: browsers ignore it over http. */
const checks: ReadonlyArray<readonly [name: string, passes: (headers: Headers) => boolean]> = [
  ['Content-Security-Policy with a nonce', (headers) => readPolicy(headers).includes("'nonce-")],
  ['No page may frame it', (headers) => readPolicy(headers).includes('frame-ancestors')],
  ['Trusted Types', (headers) => readPolicy(headers).includes('require-trusted-types-for')],
  ['X-Content-Type-Options', (headers) => headers.get('x-content-type-options') === 'nosniff'],
  ['Referrer-Policy', (headers) => headers.has('referrer-policy')],
  ['Permissions-Policy', (headers) => headers.has('permissions-policy')],
  ['Cross-Origin-Opener-Policy', (headers) => headers.has('cross-origin-opener-policy')],
  ['Cross-Origin-Resource-Policy', (headers) => headers.has('cross-origin-resource-policy')],
  ['Violations are reported', (headers) => readPolicy(headers).includes('report-')],
  ['Server software is not named', (headers) => !headers.has('x-powered-by') && !isNamed(headers)],
]

let last: { readonly at: number; readonly found: Promise<Comparison | undefined> } | undefined

/** Asks both; undefined where one of them gives no answer in time, and then the next page asks again. */
export async function compare(gateway: string, direct: string): Promise<Comparison | undefined> {
  if (last === undefined || Date.now() - last.at > keptMs) {
    last = { at: Date.now(), found: measure(gateway, direct) }
  }
  const found = await last.found
  if (found === undefined) last = undefined
  return found
}

async function measure(gateway: string, direct: string): Promise<Comparison | undefined> {
  try {
    const [guarded, bare] = await Promise.all([gateway, direct].map(readHeaders))
    if (guarded === undefined || bare === undefined) return undefined
    const found = checks.map(([name, passes]) => ({
      ...{ name, without: passes(bare), with: passes(guarded) },
    }))
    const count = (side: 'with' | 'without'): number => found.filter((check) => check[side]).length
    return { checks: found, scores: { without: count('without'), with: count('with') } }
  } catch {
    return undefined
  }
}

async function readHeaders(origin: string): Promise<Headers> {
  const response = await fetch(origin + path, {
    headers: { accept: 'text/html' },
    signal: AbortSignal.timeout(patienceMs),
  })
  await response.body?.cancel()
  return response.headers
}

function readPolicy(headers: Headers): string {
  return headers.get('content-security-policy') ?? ''
}

function isNamed(headers: Headers): boolean {
  return (headers.get('server') ?? '').startsWith('demo')
}
