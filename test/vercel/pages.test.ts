/** Pages in the look of a site through `vercel()`: its own, those of the app behind it, and those of a guard. */
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage, notFoundPage, portcullis } from '../../src/index.ts'
import { german, pages } from '../../src/page/index.ts'
import { type GuardOptions, vercel } from '../../src/vercel/index.ts'
import { type Data, origin } from './support.ts'

const site = pages({ name: 'Müller & Söhne', languages: [german] })
const name = 'Müller &amp; Söhne'
const headers = {
  accept: 'text/html',
  'accept-language': 'de',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}
const quiet = { report: (): void => {} }

async function read(response: Response): Promise<[status: number, page: string]> {
  return [response.status, await response.text()]
}

describe('vercel(app, { pages })', () => {
  const app = new Hono()
    .onError(errorPage(quiet))
    .notFound(notFoundPage())
    .use(portcullis({ methods: ['GET'], onError: errorPage(quiet) }))
  const handle = vercel(app, { pages: site })

  it('is the look of what the app refuses and does not know', async () => {
    const [status, page] = await read(await handle(new Request(`${origin}/x`, { headers })))
    expect(status).toBe(404)
    expect(page).toContain('<html lang="de">')
    expect(page).toContain(name)
    const put = new Request(origin, { method: 'PUT', headers: { ...headers, origin } })
    const [denied, refusal] = await read(await handle(put))
    expect(denied).toBe(405)
    expect(refusal).toContain(name)
  })

  it('is the look of a request whose Host is malformed, which no app sees', async () => {
    const request = {
      url: `${origin}/`,
      method: 'GET',
      headers: new Headers({ ...headers, host: 'a@b' }),
    } as Request
    const [status, page] = await read(await handle(request))
    expect(status).toBe(400)
    expect(page).toContain('<html lang="de">')
    expect(page).toContain(name)
  })

  it('leaves an app with pages of its own to them', async () => {
    const own = pages({ name: 'Eigene' })
    const inner = new Hono()
      .onError(errorPage(quiet))
      .notFound(notFoundPage())
      .use(portcullis({ pages: own }))
    const [, page] = await read(
      await vercel(inner, { pages: site })(new Request(`${origin}/x`, { headers })),
    )
    expect(page).toContain('Eigene')
    expect(page).not.toContain(name)
  })

  it('says what is wrong with an option that is no template', () => {
    expect(() => vercel(app, { pages: { name: 'x' } as never })).toThrow(
      'must be pages({ ... }) of portcullis/page',
    )
  })
})

describe('vercel(guardOptions, { pages })', () => {
  const guarded: GuardOptions<Data> = {
    publicOrigin: origin,
    routes: [
      { path: '/office', access: { address: ['203.0.113.0/24'] } },
      { path: '/*', access: 'public' },
    ],
  }

  it('is the look of what the guard refuses', async () => {
    const handle = vercel(guarded, { pages: site })
    const [status, page] = await read(await handle(new Request(`${origin}/office`, { headers })))
    expect(status).toBe(403)
    expect(page).toContain('<html lang="de">')
    expect(page).toContain(name)
  })

  it('gives way to the option of the guard', async () => {
    const handle = vercel({ ...guarded, pages: pages({ name: 'Eigene' }) }, { pages: site })
    const [, page] = await read(await handle(new Request(`${origin}/office`, { headers })))
    expect(page).toContain('Eigene')
  })

  it('is the look of a body that is too large and says so only while it is read', async () => {
    const handle = vercel({ ...guarded, maxBodyBytes: 100_000 }, { pages: site })
    const body = new Blob(['x'.repeat(90_000)]).stream()
    const init = { method: 'POST', body, duplex: 'half', headers: { ...headers, origin } }
    const [status, page] = await read(await handle(new Request(origin, init as RequestInit)))
    expect(status).toBe(413)
    expect(page).toContain(name)
  })
})
