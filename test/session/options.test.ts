import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { secret, sessionsAt } from './support.ts'

async function cookieOf(options: Parameters<typeof sessionsAt>[0]): Promise<string> {
  const { sessions } = sessionsAt(options)
  const context = { request: new Request('https://app.example.test/'), headers: new Headers() }
  await sessions.start({ context, data: { visits: 1 } })
  return (context.headers.getSetCookie()[0] ?? '').replace(/=[\w.-]+/, '=…')
}

describe('the cookie of the options', () => {
  it.each([
    [{}, '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ name: 'sid' }, '__Host-sid=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ maxAge: 600 }, '__Host-session=…; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [
      { path: '/app' },
      '__Secure-session=…; Max-Age=3600; Path=/app; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { domain: 'example.test' },
      '__Secure-session=…; Max-Age=3600; Path=/; Domain=example.test; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { sameSite: true },
      '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Strict',
    ],
    [
      { sameSite: 'strict' },
      '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Strict',
    ],
    [{ sameSite: false }, '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly'],
    [
      { sameSite: 'none' },
      '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=None',
    ],
    [
      { partitioned: true },
      '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax; Partitioned',
    ],
    [{ secure: true }, '__Host-session=…; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ insecurePlainHttp: true }, 'session=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax'],
    [
      { secure: false, insecurePlainHttp: true },
      'session=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax',
    ],
  ] as const)('%j: %s', async (options, cookie) => {
    expect(await cookieOf(options)).toBe(cookie)
  })
})

describe('invalid session options', () => {
  it.each([
    [{}, ['session.secret is required']],
    [{ secret: 'short' }, ['session.secret']],
    [{ secret: [] }, ['session.secret']],
    [{ secret, maxage: 60 }, ['session.maxage is not an option; did you mean maxAge?']],
    [
      { secret, maxAge: 0 },
      ['session.maxAge must be a whole number of seconds from 1 to 34560000'],
    ],
    [{ secret, maxAge: 34_560_001 }, ['session.maxAge must be']],
    [
      { secret, idleTimeout: 30_000 },
      ['session.idleTimeout must be a whole number of seconds from 1 to 28800'],
    ],
    [
      { secret, anonymousIdle: 7200 },
      ['session.anonymousIdle must be a whole number of seconds from 1 to 3600'],
    ],
    [{ secret, secure: false }, ['session.secure', 'insecurePlainHttp']],
    [{ secret, sameSite: 'none', insecurePlainHttp: true }, ['session.sameSite']],
    [{ secret, name: '__Host-x' }, ['session.name']],
    [{ secret, audience: '' }, ['session.audience']],
    [{ secret, schema: {} }, ['session.schema must be a Standard Schema']],
    [{ secret, user: 'id' }, ['session.user must be a function']],
    [
      { secret: 'hunter2hunter2', maxage: 1, sameSite: 'loose' },
      ['session.secret', 'session.maxage', 'session.sameSite'],
    ],
  ])('%j: all faults at once, by name', (options, words) => {
    let thrown: unknown
    try {
      statelessSessions(options as never)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigError)
    for (const word of words) expect(String(thrown)).toContain(word)
    expect(String(thrown)).not.toContain('hunter2')
  })
})
