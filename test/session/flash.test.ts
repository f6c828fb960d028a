import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { isPortcullisError } from '../../src/errors.ts'
import { session } from '../../src/session/index.ts'
import { Browser, sessionsAt } from './support.ts'

function app() {
  const { sessions } = sessionsAt()
  const routes = new Hono()
    .use(session(sessions))
    .get('/leave', (c) => {
      c.var.session.flash('notice', { text: 'Saved' })
      return c.redirect('/take')
    })
    .get('/take', async (c) =>
      c.json([
        (await c.var.session.takeFlash('notice')) ?? null,
        (await c.var.session.get()) ?? null,
      ]),
    )
    .get('/twice', async (c) =>
      c.json(
        await Promise.all([c.var.session.takeFlash('notice'), c.var.session.takeFlash('notice')]),
      ),
    )
    .get('/fail', async (c) => {
      await c.var.session.takeFlash('notice')
      throw new Error('after the message was taken')
    })
    .get('/login', async (c) => {
      c.var.session.flash('notice', 'Welcome')
      await c.var.session.start({ userId: 'ada' })
      return c.text('in')
    })
    .get('/same', async (c) => {
      c.var.session.flash('notice', 'here')
      return c.json([
        await c.var.session.takeFlash('notice'),
        (await c.var.session.takeFlash('notice')) ?? null,
      ])
    })
    .get('/proto', async (c) => c.json((await c.var.session.takeFlash('toString')) ?? null))
    .onError((_, c) => c.text('failed', 500))
  return new Browser(routes)
}

describe('a message', () => {
  it('a flash message is shown on the next request and not again', async () => {
    const browser = app()
    await browser.fetch('/login')
    expect(await browser.json('/take')).toEqual(['Welcome', { userId: 'ada' }])
    expect(await browser.json('/take')).toEqual([null, { userId: 'ada' }])
  })

  it('a flash message for a visitor without a session creates no data', async () => {
    const browser = app()
    expect((await browser.fetch('/leave')).status).toBe(302)
    expect(await browser.json('/take')).toEqual([{ text: 'Saved' }, null])
    expect(await browser.json('/take')).toEqual([null, null])
  })

  it('two calls of takeFlash in one request return a message once', async () => {
    const browser = app()
    await browser.fetch('/leave')
    expect(await browser.json('/twice')).toEqual([{ text: 'Saved' }, null])
  })

  it('a message that a failing handler took is still there', async () => {
    const browser = app()
    await browser.fetch('/leave')
    expect((await browser.fetch('/fail')).status).toBe(500)
    expect(await browser.json('/take')).toEqual([{ text: 'Saved' }, null])
  })

  it('a message can be taken in the request that left it', async () => {
    expect(await app().json('/same')).toEqual(['here', null])
  })

  it('a message cannot have a name that every object inherits', async () => {
    const browser = app()
    await browser.fetch('/leave')
    expect(await browser.json('/proto')).toBe(null)
  })
})

describe('an invalid name of a flash message', () => {
  it.each<[what: string, name: unknown]>([
    ['the object that an origin would send', { notice: 'Saved' }],
    ['a number', 1],
    ['nothing', undefined],
    ['no letters', ''],
    ['the prototype', '__proto__'],
  ])('is an error with a code: %s', async (_what, name) => {
    const { sessions } = sessionsAt()
    const codes: unknown[] = []
    const note = (error: unknown): void => {
      codes.push(isPortcullisError(error) ? error.code : error)
    }
    const routes = new Hono().use(session(sessions)).get('/', async (c) => {
      try {
        c.var.session.flash(name as string, 'Saved')
      } catch (error) {
        note(error)
      }
      await c.var.session.takeFlash(name as string).catch(note)
      return c.text('done')
    })
    const response = await routes.request('https://shop.example/')
    expect(response.status).toBe(200)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(codes).toEqual(['ERR_SESSION_DATA', 'ERR_SESSION_DATA'])
  })
})
