/** Every page that a visitor sees has the look and the language of the site: of the gateway, of a login, and of `portcullis()`. */
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { gatewayLogin, oidc } from '../../src/login/index.ts'
import { errorPage, french, german, japanese, pages, spanish } from '../../src/page/index.ts'
import { portcullis } from '../../src/stack/index.ts'
import { bench } from '../gateway/support.ts'

const site = pages({ name: 'Beispiel', languages: [german, french, spanish, japanese] })
const navigation = {
  accept: 'text/html',
  'accept-language': 'de',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

function expectSitePage(page: string, title: string): void {
  expect(page).toContain('<html lang="de">')
  expect(page).toContain('<p class="brand">Beispiel</p>')
  expect(page).toContain(`<h1>${title}</h1>`)
}

describe('portcullis({ pages })', () => {
  const app = new Hono()
    .use(
      portcullis({
        pages: site,
        rateLimit: { limiter: memoryLimiter({ limit: 1, window: 300 }), platform: 'none' } as never,
      }),
    )
    .get('/fails', () => {
      throw new Error('inside')
    })
    .post('/form', (c) => c.text('taken'))
    .get('/:page', (c) => c.text('shown'))
    .onError(errorPage({ report: () => {} }))

  test.each([
    { title: 'a path that could be read two ways', path: '/a%2fb', heading: 'Ungültige Anfrage' },
    {
      title: 'a method that is not taken',
      path: '/x',
      method: 'PROPFIND',
      heading: 'Nicht möglich',
    },
    {
      title: 'a form of another site',
      path: '/form',
      method: 'POST',
      site: 'cross-site',
      heading: 'Zugriff verweigert',
    },
  ])(
    '$title is refused with a page of the site',
    async ({ path, method = 'GET', site: from, heading }) => {
      const headers = { ...navigation, ...(from !== undefined && { 'sec-fetch-site': from }) }
      const response = await app.request(`https://app.example.com${path}`, { method, headers })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.headers.get('content-language')).toBe('de')
      expectSitePage(await response.text(), heading)
    },
  )

  test('a rate limit says how long to wait, and an error behind the stack has the page of the site', async () => {
    const first = await app.request('https://app.example.com/fails', { headers: navigation })
    expect(first.status).toBe(500)
    expectSitePage(await first.text(), 'Etwas ist schiefgegangen')

    const second = await app.request('https://app.example.com/page', { headers: navigation })
    expect(second.status).toBe(429)
    const page = await second.text()
    expectSitePage(page, 'Zu viele Anfragen')
    expect(page).toMatch(/Bitte versuchen Sie es in \d+ (?:Sekunden|Minuten) noch einmal\./)
  })

  test('something else than pages() cannot be built', () => {
    expect(() => portcullis({ pages: { name: 'x' } as never })).toThrow('portcullis.pages must be')
  })
})

describe('a gateway with pages', () => {
  test('the page of a rate limit says how long to wait', async () => {
    const limiter = memoryLimiter({ limit: 1, window: 300 })
    const at = await bench({
      pages: site,
      limit: limitGate({ name: 'all', limiter, platform: 'cloudflare' }),
    })
    await at.ask('/', { headers: navigation })
    const response = await at.ask('/', { headers: navigation })
    expect(response.status).toBe(429)
    const page = await response.text()
    expectSitePage(page, 'Zu viele Anfragen')
    expect(page).toMatch(/in \d+ (?:Sekunden|Minuten) noch einmal/)
  })
})

describe('a login of a gateway with pages', () => {
  const provider = (name: string) =>
    oidc({
      issuer: `https://${name}.example`,
      clientId: 'app',
      clientSecret: 'secret-of-a-test',
      label: name,
    })

  async function openLogin(path: string, init: RequestInit = {}): Promise<Response> {
    const at = await bench({
      pages: site,
      signIn: undefined,
      login: gatewayLogin({
        providers: { north: provider('north'), south: provider('south') },
        identify: ({ user }) => ({ user }),
      }),
    } as never)
    const { headers, ...rest } = init
    return at.ask(path, { headers: { ...navigation, ...headers }, ...rest })
  }

  test.each([
    { path: '/.portcullis/login', heading: 'Anmelden', holds: '>north</a>' },
    { path: '/.portcullis/logout', heading: 'Abmelden', holds: '<button>Abmelden</button>' },
    {
      path: '/.portcullis/logged-out',
      heading: 'Sie sind abgemeldet',
      holds: '>Erneut anmelden</a>',
    },
    {
      path: '/.portcullis/callback/north?code=1&state=2',
      heading: 'Die Anmeldung hat nicht geklappt',
      holds: 'Es wurde nichts geändert.',
    },
  ])('$path is a page of the site', async ({ path, heading, holds }) => {
    const response = await openLogin(path)
    const page = await response.text()
    expectSitePage(page, heading)
    expect(page).toContain(holds)
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /<style nonce="(\w+)">/.exec(page)?.[1]
    expect(policy).toContain(`style-src 'nonce-${nonce}'`)
    expect(policy).toContain("form-action 'self'")
  })

  test('a browser that asks for English gets the English texts', async () => {
    const response = await openLogin('/.portcullis/login', { headers: { 'accept-language': 'en' } })
    expect(await response.text()).toContain('<p>Choose where to sign in.</p>')
  })
})

describe('languages', () => {
  test('each has the same phrases, and every one that a login says', () => {
    const phrases = [german, french, spanish, japanese].map((language) =>
      Object.keys(language.phrases ?? {}),
    )
    for (const keys of phrases) expect(keys).toEqual(phrases[0])
    expect(phrases[0]).toContain('Signing in is not possible at the moment')
  })
})
