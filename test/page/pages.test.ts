/** Pages in the look and the language of a site. */
import { describe, expect, test } from 'vitest'
import {
  errorResponse,
  french,
  german,
  japanese,
  type PagesOptions,
  pages,
  spanish,
} from '../../src/page/index.ts'
import { bench } from '../gateway/support.ts'

const languages = [german, french, spanish, japanese]
const template = pages({
  name: 'Müller & Söhne',
  logo: '/logo.svg',
  colours: { light: { accent: '#a00' } },
  languages,
  links: [{ text: 'Impressum', href: '/impressum' }],
})

function ask(accept: string | undefined, retryAfter?: string): Promise<string> {
  const headers = new Headers({ accept: 'text/html' })
  if (accept !== undefined) headers.set('accept-language', accept)
  const extra = retryAfter === undefined ? {} : { headers: [['Retry-After', retryAfter]] as const }
  return errorResponse('maintenance', { headers }, { pages: template, ...extra }).text()
}

describe('languages', () => {
  test.each([
    ['de-AT,de;q=0.9,en;q=0.5', 'de', 'Vorübergehend nicht verfügbar', 'in 5 Minuten'],
    ['fr', 'fr', 'Temporairement indisponible', 'dans 5 minutes'],
    ['es-MX', 'es', 'No disponible temporalmente', 'en 5 minutos'],
    ['ja', 'ja', '一時的に利用できません', '5 分後'],
    ['en-GB,de;q=0.9', 'en', 'Temporarily unavailable', 'in 5 minutes'],
    ['it, de;q=0.1', 'de', 'Vorübergehend nicht verfügbar', 'in 5 Minuten'],
    ['de;q=0, fr;q=0.2', 'fr', 'Temporairement indisponible', 'dans 5 minutes'],
    ['de;q=x', 'en', 'Temporarily unavailable', 'in 5 minutes'],
    ['*', 'en', 'Temporarily unavailable', 'in 5 minutes'],
  ])('%s gets %s, with the time to wait', async (accept, tag, title, wait) => {
    const page = await ask(accept, '300')
    expect(page).toContain(`<html lang="${tag}">`)
    expect(page).toContain(`<h1>${title}</h1>`)
    expect(page).toContain(wait)
  })

  test('every language has the same texts', () => {
    const statuses = languages.map(({ texts }) => Object.keys(texts))
    for (const each of statuses) expect(each).toEqual(statuses[0])
  })
})

describe('look', () => {
  test('name, logo, colours and links of the site, escaped', async () => {
    const page = await ask('en')
    expect(page).toContain('<img src="/logo.svg" alt="" height="40">Müller &amp; Söhne')
    expect(page).toContain('--a:#a00')
    expect(page).toContain('<a href="/impressum">Impressum</a>')
  })

  test('its policy allows its style by nonce, and no other', async () => {
    const headers = new Headers({ accept: 'text/html' })
    const response = errorResponse('not-found', { headers }, { pages: template })
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /style-src 'nonce-([0-9a-f]{36})'/.exec(policy)?.[1]
    expect(await response.text()).toContain(`<style nonce="${nonce}">`)
    expect(policy).toContain("default-src 'none'")
    expect(response.headers.get('content-language')).toBe('en')
  })

  test('a function of your own writes the page', async () => {
    const own = pages({
      render: ({ status, title, retryAfter }) => `${status} ${title} ${retryAfter}`,
    })
    const headers = new Headers({ accept: 'text/html' })
    const extra = { pages: own, headers: [['Retry-After', '7']] as const }
    const response = errorResponse('rate-limited', { headers }, extra)
    expect(await response.text()).toBe('429 Too many requests 7')
  })

  test('programs get problem+json as before', async () => {
    const headers = new Headers({ accept: 'application/json' })
    const response = errorResponse('not-found', { headers }, { pages: template })
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each([
    [{ logo: 'https://cdn.example/logo.svg' }, 'pages.logo'],
    [{ colours: { light: { accent: 'red;}body{' } } }, 'pages.colours.light.accent'],
    [{ links: [{ text: 'x', href: 'javascript:alert(1)' }] }, 'pages.links'],
    [{ languages: ['de'] }, 'pages.languages'],
    [{ color: 'red' }, 'pages.color'],
  ] as const)('%o cannot be created', (options, option) => {
    expect(() => pages(options as unknown as PagesOptions)).toThrow(option)
  })
})

describe('in a gateway', () => {
  const navigation = { accept: 'text/html', 'sec-fetch-dest': 'document' }

  test('every refusal has the look of the site', async () => {
    const at = await bench({ pages: template, signIn: undefined } as never)
    for (const path of ['/x%2fy', '/admin/x', '/.portcullis/nothing']) {
      const response = await at.ask(path, { headers: { ...navigation, 'accept-language': 'de' } })
      expect(await response.text(), path).toContain('Müller &amp; Söhne')
    }
  })

  // In observe mode the policy for pages is only reported, and does not know the style of this page.
  test.each([
    { title: 'the plain page', overrides: {} },
    { title: 'a page of the site', overrides: { pages: template } },
  ])(
    'O4: $title does not break a policy of the gateway that is only reported',
    async ({ overrides }) => {
      const at = await bench(overrides)
      const response = await at.ask('/x%2fy', { headers: navigation })
      expect(response.status).toBe(400)
      expect(response.headers.has('content-security-policy-report-only')).toBe(false)
      expect(response.headers.get('content-security-policy')).toContain(
        'report-uri /.portcullis/reports',
      )
    },
  )

  test('O5: over plain http a policy reports by report-uri alone, which Chromium sends', async () => {
    const at = await bench({ publicOrigin: 'http://localhost' })
    const ask = (path: string): Promise<Response> =>
      at.gateway.fetch(new Request(`http://localhost${path}`, { headers: navigation }))
    at.answer = () => new Response('<p>page', { headers: { 'content-type': 'text/html' } })
    for (const path of ['/page', '/x%2fy']) {
      const { headers } = await ask(path)
      const all = [
        'content-security-policy',
        'content-security-policy-report-only',
        'reporting-endpoints',
      ]
        .map((name) => headers.get(name) ?? '')
        .join(' ')
      expect(all).toContain('report-uri /.portcullis/reports')
      expect(all).not.toContain('report-to')
    }
  })

  test.each([
    ['300', 'Try again in 5 minutes.'],
    ['1', 'Try again in 1 second.'],
    ['45', 'Try again in 45 seconds.'],
    ['7200', 'Try again in 2 hours.'],
  ])('O10: a page in maintenance with Retry-After %s says %s', async (retryAfter, words) => {
    const at = await bench({ maintenance: { retryAfter: Number(retryAfter) } })
    const response = await at.ask('/', { headers: navigation })
    expect(response.headers.get('retry-after')).toBe(retryAfter)
    const page = await response.text()
    expect(page).toContain(words)
    expect(page).not.toContain('in a moment')
  })
})
