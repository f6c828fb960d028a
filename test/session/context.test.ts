import { describe, expect, it } from 'vitest'
import { openSession } from '../../src/session/index.ts'
import type { CookieJar } from '../../src/types.ts'
import { type Data, ourCookie, sessionsAt } from './support.ts'

describe('without Hono', () => {
  it('Keystone’s three verbs work on a request and the headers of its answer', async () => {
    const { sessions } = sessionsAt()
    const first = { request: new Request('https://app.example.test/'), headers: new Headers() }
    expect(await sessions.get({ context: first })).toBe(undefined)
    await sessions.start({ context: first, data: { userId: 'ada' } })
    expect(await sessions.get({ context: first })).toEqual({ userId: 'ada' })
    const token = ourCookie(new Response(null, first))?.value
    expect(first.headers.getSetCookie()).toHaveLength(1)

    const cookie = `__Host-session=${token}`
    const second = { request: { headers: new Headers({ cookie }) }, headers: new Headers() }
    expect(await sessions.get({ context: second })).toEqual({ userId: 'ada' })
    await sessions.end({ context: second })
    expect(second.headers.getSetCookie()[0]).toContain('Max-Age=0')
  })

  it('a session that is started and ended on one context leaves a cookie that removes it', async () => {
    const { sessions } = sessionsAt()
    const context = { request: new Request('https://app.example.test/'), headers: new Headers() }
    await sessions.start({ context, data: { userId: 'ada' } })
    await sessions.end({ context })
    expect(context.headers.getSetCookie()).toHaveLength(1)
    expect(context.headers.getSetCookie()[0]).toContain('Max-Age=0')
  })

  it('openSession gives every verb; a change by set waits for commit', async () => {
    const { sessions } = sessionsAt()
    const context = { request: new Request('https://app.example.test/'), headers: new Headers() }
    const s = openSession(sessions, context)
    await s.start({ userId: 'ada' })
    s.set('theme', 'dark')
    const before = context.headers.getSetCookie()[0]
    await s.commit()
    const after = context.headers.getSetCookie()[0]
    expect([context.headers.getSetCookie().length, before === after]).toEqual([1, false])
    const cookie = after?.split(';')[0] ?? ''
    const next = { request: new Request('https://app.example.test/', { headers: { cookie } }) }
    expect(await openSession(sessions, next).get()).toEqual({ userId: 'ada', theme: 'dark' })
  })

  // A copy has headers of its own: a handle of the first would read one visitor's cookie for another.
  it('a copy of a context, or an object that inherits from it, has its own session', async () => {
    const { sessions } = sessionsAt()
    const first = { request: new Request('https://app.example.test/'), headers: new Headers() }
    await sessions.start({ context: first, data: { userId: 'ada' } })
    const request = new Request('https://app.example.test/')
    const copies = [
      { ...first, request },
      Object.assign(Object.create(first) as typeof first, { request }),
    ]
    for (const context of copies) expect(await sessions.get({ context })).toBe(undefined)
    expect(await sessions.get({ context: first })).toEqual({ userId: 'ada' })
  })

  it('a frozen context has one session like any other', async () => {
    const { sessions } = sessionsAt()
    const request = new Request('https://app.example.test/')
    const context = Object.freeze({ request, headers: new Headers() })
    await sessions.start({ context, data: { userId: 'ada' } })
    expect(await sessions.get({ context })).toEqual({ userId: 'ada' })
    expect(openSession(sessions, context)).toBe(openSession(sessions, context))
  })

  it('a context without headers can be read and throws when it is written', async () => {
    const { sessions } = sessionsAt()
    const s = openSession(sessions, { request: new Request('https://app.example.test/') })
    await expect(s.start({ userId: 'ada' })).rejects.toThrow('no headers to set a cookie on')
  })

  // Next: `await cookies()` in a Server Action.
  it('a cookie store gets name, value and attributes apart', async () => {
    const { sessions } = sessionsAt()
    const stored = new Map<string, { value: string; options: unknown }>()
    const cookies = {
      get: (name: string) => stored.get(name),
      set: (name: string, value: string, options: unknown) => stored.set(name, { value, options }),
    }
    await sessions.start({ context: { cookies }, data: { userId: 'ada' } })
    expect(stored.get('__Host-session')?.options).toEqual({
      path: '/',
      secure: true,
      httpOnly: true,
      sameSite: 'lax',
      maxAge: 3600,
    })
    expect(await sessions.get({ context: { cookies } })).toEqual({ userId: 'ada' })
    await sessions.end({ context: { cookies } })
    expect(stored.get('__Host-session')).toMatchObject({ value: '', options: { maxAge: 0 } })
  })

  it('a custom cookie jar is read and written', async () => {
    const { sessions } = sessionsAt()
    const written: string[] = []
    const jar: CookieJar = { read: () => [], write: ({ header }) => written.push(header) }
    await openSession<Data>(sessions, { jar }).update(() => ({ visits: 1 }))
    expect(written).toHaveLength(1)
    expect(written[0]).toMatch(/^__Host-session=eyJ.*Max-Age=900/)
  })
})
