import { describe, expect, it } from 'vitest'
import { outagePromises, site } from './outage-promises.ts'
import { kinds, memoryAt } from './stored-support.ts'

describe.each(kinds)('%s that fails', (kind, make) => {
  outagePromises(make, kind === 'memoryStore')

  it('does not disturb a request that has no session, or does not look', async () => {
    const { store, browser, visitor } = await site(make, 'get')
    store.fail(1, 'before', true)
    expect((await visitor().visit((s) => s.get())).status).toBe(200)
    expect((await browser.visit(() => 'static')).body).toBe('static')
  })

  it('a handler that catches a store error makes the response, and the cookie stays', async () => {
    const { store, browser, before } = await site(make, 'get')
    store.fail(1, 'before')
    const caught = await browser.visit((s) =>
      s.get().catch((error: { code: string }) => error.code),
    )
    expect([caught.status, caught.body, caught.cookies]).toEqual([200, 'ERR_STORE_UNAVAILABLE', []])
    expect(browser.cookies.get('__Host-session')).toBe(before)
  })

  it('a read that failed can be retried in the same request', async () => {
    const { store, browser } = await site(make, 'get')
    store.fail(1, 'before')
    const { body } = await browser.visit(async (s) => {
      await s.get().catch(() => {})
      return s.get()
    })
    expect(body).toEqual({ userId: 'ada', cart: [] })
  })

  it("the error hides the store's message and keeps it as the cause", async () => {
    const { store, browser } = await site(make, 'get')
    let error: unknown
    store.fail(1, 'before')
    const { body } = await browser.visit(async (s) => {
      try {
        await s.get()
      } catch (caught) {
        error = caught
        throw caught
      }
    })
    expect(error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ message: 'the store is down' }),
    })
    expect(JSON.stringify(body)).not.toContain('the store is down')
  })
})

describe('a logout while the store is down', () => {
  it('a second end in the same request retries a failed logout', async () => {
    const { store, browser } = await site(memoryAt, 'end')
    const copy = browser.twin()
    store.fail(1, 'before')
    const { status, cookies } = await browser.visit(async (s) => {
      await s.end().catch(() => {})
      await s.end()
    })
    expect([status, cookies.length]).toEqual([200, 1])
    expect(await copy.get()).toBe(null)
  })

  it('followed by a login in the same request ends the old session with it', async () => {
    const { store, browser } = await site(memoryAt, 'end')
    const copy = browser.twin()
    store.fail(1, 'before')
    await browser.visit(async (s) => {
      await s.end().catch(() => {})
      await s.start({ userId: 'bob' })
    })
    expect([await browser.get(), await copy.get()]).toEqual([{ userId: 'bob' }, null])
  })

  it('endAll ends the sessions that it can, and the cookie expires', async () => {
    const { store, browser } = await site(memoryAt, 'endAll')
    // read, endAll, end: the last one fails, after the list was forgotten.
    const copy = browser.twin()
    store.fail(3, 'before')
    const { status, cookies } = await browser.visit((s) => s.endAll())
    expect([status, cookies.length]).toEqual([503, 1])
    store.heal()
    expect(await copy.get()).toBe(null)
  })
})
