import { describe, expect, it } from 'vitest'
import {
  deviceBound,
  type SessionStrategy,
  statelessSessions,
  storedSessions,
} from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Data, secret } from '../support.ts'
import { siteOver } from './support.ts'

const stored = (device: unknown, options: object = {}): SessionStrategy<Data> =>
  storedSessions<Data>({ secret, store: memoryStore(), device: device as never, ...options })

/** What is wrong with a strategy that cannot be built. */
function findIssues(build: () => unknown): string[] {
  try {
    build()
  } catch (error) {
    const { issues } = error as { issues?: ReadonlyArray<{ option: string; problem: string }> }
    return (issues ?? []).map(({ option, problem }) => `${option} ${problem}`)
  }
  return []
}

describe('the option device', () => {
  it.each([
    [
      { lifetime: 299 },
      'session.device.lifetime must be a whole number of seconds from 300 to 86400',
    ],
    [
      { lifetime: 86_401 },
      'session.device.lifetime must be a whole number of seconds from 300 to 86400',
    ],
    [{ register: 29 }, 'session.device.register must be a whole number of seconds from 30 to 3600'],
    [{ lifetme: 600 }, 'session.device.lifetme is not an option; did you mean lifetime?'],
    [
      { initiators: ['*'] },
      'session.device.initiators.0 must be a host name such as shop.example.com or *.example.com; * alone would let every site start a refresh',
    ],
    [{ initiators: ['https://x.test'] }, 'session.device.initiators.0 must be a host name'],
    [{ exclude: ['static'] }, 'session.device.exclude.0 must be a path such as /static'],
    [{ exclude: '/static' }, 'session.device.exclude.0 must be a path such as /static'],
    [{ site: {} }, 'session.device.site needs the option domain of the session'],
  ])('%j is refused', (options, problem) => {
    const issues = findIssues(() => stored(deviceBound(options as never)))
    expect(issues.some((issue) => issue.startsWith(problem))).toBe(true)
  })

  it('must be made by deviceBound', () => {
    for (const device of [true, {}, { lifetime: 600 }, 'on'])
      expect(findIssues(() => stored(device))).toEqual([
        'session.device must be deviceBound({ ... }), which comes from portcullis/session',
      ])
  })

  it('is refused where the store cannot keep its promise', () => {
    const plain = { get: () => undefined, set: () => {}, delete: () => {} }
    const device = deviceBound()
    expect(findIssues(() => stored(device, { store: plain }))).toEqual([
      'session.device needs an atomic store, not get, set and delete',
    ])
    expect(findIssues(() => statelessSessions<Data>({ secret, device }))).toEqual([
      'session.device needs the option revocation',
    ])
  })

  it('is refused beside cookie options that browsers would refuse in silence', () => {
    expect(findIssues(() => stored(deviceBound(), { path: '/app' }))).toEqual([
      'session.device needs a session cookie with the path /',
    ])
    expect(findIssues(() => stored(deviceBound(), { partitioned: true }))).toEqual([
      'session.device does not work with partitioned cookies',
    ])
  })

  it('binds a site only under the domain of its cookies', () => {
    const site = { origin: 'https://example.com', registering: ['https://app.example.com'] }
    const options = { domain: 'example.com' }
    expect(findIssues(() => stored(deviceBound({ site }), options))).toEqual([])
    for (const wrong of [
      { ...site, origin: 'https://other.com' },
      { ...site, origin: 'http://example.com' },
      { ...site, origin: 'https://example.com/' },
      { ...site, registering: [] },
      { ...site, registering: ['example.com'] },
      { ...site, registering: ['https://app.example.com', 'https://evil.test'] },
      { ...site, registering: ['https://notexample.com'] },
    ])
      expect(findIssues(() => stored(deviceBound({ site: wrong }), options))).toHaveLength(1)
  })

  it('names its cookie after the session, for whoever keeps cookies from upstreams', () => {
    expect(stored(deviceBound()).cookieNames).toEqual(['__Host-session', '__Host-session-bound'])
    expect(stored(deviceBound(), { name: 'sid', domain: 'example.com' }).cookieNames).toEqual([
      '__Secure-sid',
      '__Secure-sid-bound',
    ])
    expect(stored(undefined).cookieNames).toEqual(['__Host-session'])
  })

  it('is off by default, and then nothing says whether a session is bound', async () => {
    const { app } = siteOver({}, { device: undefined as never })
    const login = await app.request('https://app.example.test/login', { method: 'POST' })
    expect(login.headers.has('secure-session-registration')).toBe(false)
    const [cookie = ''] = login.headers.getSetCookie()[0]?.split(';') ?? []
    const who = await app.request('https://app.example.test/who', { headers: { cookie } })
    expect(await who.json()).not.toHaveProperty('info.bound')
    const refresh = await app.request('https://app.example.test/.portcullis/dbsc/refresh', {
      method: 'POST',
    })
    expect(refresh.status).toBe(404)
  })
})
