import { describe, expect, it } from 'vitest'
import { type Bench, bench } from './support.ts'

const html = { 'Content-Type': 'text/html' }

/** The nonce that the upstream was told. */
function toldTo(at: Bench): string | undefined {
  return /^script-src 'nonce-([\w-]{24})'$/.exec(
    at.last().headers.get('content-security-policy') ?? '',
  )?.[1]
}

function nonces(response: Response, name: string): string[] {
  return [...(response.headers.get(name) ?? '').matchAll(/'nonce-([^']*)'/g)].map(
    ([, nonce]) => nonce ?? '',
  )
}

describe('the policy of pages', () => {
  it('reports what it would break until somebody has decided, and closes what needs no decision', async () => {
    const at = await bench()
    at.answer = () => new Response('<p>', { headers: html })
    const { headers } = await at.ask('/x')
    expect(headers.get('Content-Security-Policy')).toBe(
      "base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; upgrade-insecure-requests",
    )
    expect(headers.get('Content-Security-Policy-Report-Only')).toMatch(
      /^default-src 'none'; script-src 'nonce-[\w-]{24}' 'strict-dynamic' .*; report-uri \/\.portcullis\/reports; report-to portcullis$/,
    )
    expect(headers.get('Reporting-Endpoints')).toBe('portcullis="/.portcullis/reports"')
  })

  it.each([
    { preset: 'recommended' },
    { preset: 'strict' },
    { contentSecurityPolicy: true },
    { preset: 'strict', reporting: undefined },
  ] as const)('is enforced with %j', async (headers) => {
    const at = await bench({ headers: headers as object })
    at.answer = () => new Response('<p>', { headers: html })
    const response = await at.ask('/x')
    expect(response.headers.get('Content-Security-Policy')).toMatch(
      /^default-src 'none'; script-src 'nonce-.*; report-uri \/\.portcullis\/reports; report-to portcullis$/,
    )
    expect(response.headers.has('Content-Security-Policy-Report-Only')).toBe(false)
  })

  it('reports nowhere with reporting: false, which then has to be enforced', async () => {
    const at = await bench({ headers: { preset: 'recommended', reporting: false } })
    at.answer = () => new Response('<p>', { headers: html })
    const response = await at.ask('/x')
    expect(response.headers.get('Content-Security-Policy')).not.toContain('report')
    await expect(bench({ headers: { reporting: false } })).rejects.toThrow(
      'headers.contentSecurityPolicy needs the option reporting',
    )
  })

  it.each([[null], ['strict'], [7]])('%j in its place is a fault with a name', async (headers) => {
    await expect(bench({ headers: headers as never })).rejects.toThrow('headers must be an object')
  })

  it('leaves an upstream its own', async () => {
    const at = await bench({ headers: { preset: 'strict' } })
    at.answer = () =>
      new Response('<p>', { headers: { ...html, 'Content-Security-Policy': "default-src 'self'" } })
    expect((await at.ask('/x')).headers.get('Content-Security-Policy')).toBe("default-src 'self'")
  })
})

describe('the nonce of a page', () => {
  it.each([
    ['Content-Security-Policy', { preset: 'recommended' }],
    ['Content-Security-Policy-Report-Only', {}],
  ] as const)('is told to the upstream and stands in %s', async (name, headers) => {
    const at = await bench({ headers })
    at.answer = () => new Response(`<script nonce="${toldTo(at)}">`, { headers: html })
    const response = await at.ask('/x', { headers: { 'Sec-Fetch-Dest': 'document' } })
    const told = toldTo(at)
    expect(told).toMatch(/^[\w-]{24}$/)
    expect(nonces(response, name)).toEqual([told, told])
    expect(await response.text()).toBe(`<script nonce="${told}">`)
  })

  // next/dist/server/app-render/get-script-nonce-from-header.js, in its own words: the first directive that begins with
  // script-src, then its first source that looks like a nonce.
  it('is found by an upstream that reads as Next does', async () => {
    const at = await bench({ headers: { preset: 'recommended' } })
    await at.ask('/x')
    const directives = (at.last().headers.get('content-security-policy') ?? '')
      .split(';')
      .map((part) => part.trim())
    const sources =
      directives
        .find((part) => part.startsWith('script-src'))
        ?.split(' ')
        .slice(1) ?? []
    const nonce = sources
      .find((source) => source.startsWith("'nonce-") && source.endsWith("'"))
      ?.slice(7, -1)
    expect(nonce).toBe(toldTo(at))
  })

  it('is a new one for each request', async () => {
    const at = await bench()
    const told = new Set<string | undefined>()
    for (let i = 0; i < 20; i++) {
      await at.ask('/x')
      told.add(toldTo(at))
    }
    expect(told.size).toBe(20)
  })

  // curl -H "Content-Security-Policy: script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAAAA'": a nonce that the attacker knows.
  it.each(['Content-Security-Policy', 'Content-Security-Policy-Report-Only', 'X-Nonce'])(
    'is never one that a client sends in %s',
    async (name) => {
      const at = await bench()
      const planted = 'AAAAAAAAAAAAAAAAAAAAAAAA'
      await at.ask('/x', { headers: { [name]: `script-src 'nonce-${planted}'` } })
      expect([...at.last().headers.values()].join()).not.toContain(planted)
      expect(toldTo(at)).not.toBe(planted)
    },
  )

  it.each(['image', 'script', 'style', 'font'])(
    'is not made for a request for %s',
    async (dest) => {
      const at = await bench()
      await at.ask('/x', { headers: { 'Sec-Fetch-Dest': dest } })
      expect(at.last().headers.has('content-security-policy')).toBe(false)
    },
  )

  it('is not made where no policy has one', async () => {
    const at = await bench({ headers: { preset: 'api' } })
    await at.ask('/x')
    expect(at.last().headers.has('content-security-policy')).toBe(false)
  })
})
