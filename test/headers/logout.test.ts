import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { clearSiteData, securityTxt } from '../../src/headers/index.ts'

describe('clearSiteData', () => {
  it.each([
    [{}, '"cookies", "storage"'],
    [{ cache: true }, '"cache", "cookies", "storage"'],
    [{ cookies: false }, '"storage"'],
  ])('%j sends %s with a logout', async (options, value) => {
    const app = new Hono().post('/logout', clearSiteData(options), (c) => c.redirect('/', 303))
    const { headers } = await app.request('/logout', { method: 'POST' })
    expect(headers.get('Clear-Site-Data')).toBe(value)
    expect(headers.get('Location')).toBe('/')
  })

  it.each([400, 403, 500, 503])(
    'says nothing with an answer of %i: nobody was logged out',
    async (status) => {
      const app = new Hono().post('/logout', clearSiteData(), () => new Response('', { status }))
      expect(
        (await app.request('/logout', { method: 'POST' })).headers.has('Clear-Site-Data'),
      ).toBe(false)
    },
  )

  it.each([
    [{ cookie: true }, 'clearSiteData.cookie is not an option; did you mean cookies?'],
    [{ cache: 'yes' }, 'clearSiteData.cache must be one of true, false'],
    [{ cookies: false, storage: false }, 'clearSiteData deletes nothing'],
  ])('%j is refused', (options, says) => {
    expect(() => clearSiteData(options as object)).toThrow(says)
  })
})

describe('securityTxt', () => {
  const clock = () => Date.UTC(2026, 10, 20)
  const fields = { contact: 'mailto:security@app.example', expires: '2027-06-30T00:00:00Z', clock }

  it('is served with its type, and found at its old address', async () => {
    const app = new Hono().use(
      securityTxt({
        ...fields,
        contact: ['https://app.example/report', 'mailto:security@app.example'],
        policy: 'https://app.example/policy',
        canonical: 'https://app.example/.well-known/security.txt',
        preferredLanguages: ['en', 'pt-BR'],
      }),
    )
    const response = await app.request('https://app.example/.well-known/security.txt')
    expect(response.headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe(
      'Contact: https://app.example/report\nContact: mailto:security@app.example\nPolicy: https://app.example/policy\n' +
        'Canonical: https://app.example/.well-known/security.txt\nExpires: 2027-06-30T00:00:00.000Z\n' +
        'Preferred-Languages: en, pt-BR\n',
    )
    const old = await app.request('https://app.example/security.txt')
    expect([old.status, old.headers.get('Location')]).toEqual([301, '/.well-known/security.txt'])
    const head = await app.request('https://app.example/.well-known/security.txt', {
      method: 'HEAD',
    })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it.each([
    ['POST', '/.well-known/security.txt'],
    ['GET', '/.well-known/security.txt/'],
    ['GET', '/x/security.txt'],
  ])('leaves %s %s to others', async (method, path) => {
    const app = new Hono().use(securityTxt(fields)).all('*', (c) => c.text('other'))
    expect(await (await app.request(path, { method })).text()).toBe('other')
  })

  // A file nobody looks after sends reports of holes to people who have left.
  it('is gone from the moment it expires', async () => {
    let now = clock()
    const app = new Hono().use(securityTxt({ ...fields, clock: () => now }))
    expect((await app.request('/.well-known/security.txt')).status).toBe(200)
    now = Date.UTC(2027, 5, 30)
    expect((await app.request('/.well-known/security.txt')).status).toBe(404)
  })

  it('is judged at the first request where the clock does not run while building', async () => {
    let now = 0
    const app = new Hono().use(securityTxt({ ...fields, expires: '2029-01-01', clock: () => now }))
    now = clock()
    expect((await app.request('/.well-known/security.txt')).status).toBe(404)
  })

  it.each<[change: object, says: string]>([
    [
      { expires: '2028-06-30' },
      'securityTxt.expires must be in the future and at most a year ahead',
    ],
    [
      { expires: '2026-11-19' },
      'securityTxt.expires must be in the future and at most a year ahead',
    ],
    [{ expires: 'soon' }, 'securityTxt.expires is required and must be a date'],
    [{ expires: undefined }, 'securityTxt.expires is required and must be a date'],
    [{ contact: undefined }, 'securityTxt.contact is required'],
    [{ contact: [] }, 'securityTxt.contact is required'],
    [
      { contact: 'security@app.example' },
      'securityTxt.contact must be one or more mailto:, tel: or https: URLs',
    ],
    [
      { contact: 'http://app.example' },
      'securityTxt.contact must be one or more mailto:, tel: or https: URLs',
    ],
    [{ contact: 'mailto:a@b.example\nExpires: never' }, 'securityTxt.contact must be'],
    [{ policy: 'mailto:a@b.example' }, 'securityTxt.policy must be one or more https: URLs'],
    [
      { preferredLanguages: 'en' },
      'securityTxt.preferredLanguages must be a list of language tags',
    ],
    [{ contacts: 'x' }, 'securityTxt.contacts is not an option; did you mean contact?'],
  ])('with %j is refused', (change, says) => {
    expect(() => securityTxt({ ...fields, ...change } as typeof fields)).toThrow(ConfigError)
    expect(() => securityTxt({ ...fields, ...change } as typeof fields)).toThrow(says)
  })
})
