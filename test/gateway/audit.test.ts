/** What an audit trail tells of users, read from its records alone. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { gatewayThrottle } from '../../src/gateway/index.ts'
import { memoryThrottle } from '../../src/limit/index.ts'
import { type AuditRecord, auditTrail } from '../../src/monitor/index.ts'
import { deviceBound, storedSessions } from '../../src/session/index.ts'
import { portcullis } from '../../src/stack/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { createSite as createLoginSite, Browser as LoginBrowser } from '../login/support.ts'
import { BoundBrowser, Device } from '../session/device/support.ts'
import { bench, type Data, order, secret } from './support.ts'

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** A site with a login, a page for administrators, and a list of devices, whose upstream obeys the form that it gets. */
async function createSite() {
  const records: AuditRecord[] = []
  const user = (data: Data): string | undefined => data.user
  const at = await bench({
    platform: 'cloudflare',
    session: storedSessions<Data>({ secret, user, store: memoryStore(), device: deviceBound() }),
    audit: auditTrail((record) => records.push(record)),
    throttle: gatewayThrottle({ secret, store: memoryThrottle() }),
    signIn: undefined as never,
    routes: [
      {
        path: '/login',
        methods: ['POST'],
        to: 'app',
        access: 'public',
        sessions: ['start'],
        throttle: { account: { form: 'email' }, success: { sessionStart: true } },
      },
      { path: '/logout', to: 'app', access: 'public', sessions: ['end'] },
      { path: '/admin', to: 'app', access: { role: 'admin' } },
      { path: '/users', to: 'app', access: { role: 'admin' }, sessions: ['endAny'] },
      { path: '/devices', to: 'app', sessions: ['list', 'end'] },
    ] as never,
  })
  return { at, records }
}

type Site = Awaited<ReturnType<typeof createSite>>

/** A browser somewhere. */
function createBrowser({ at }: Site, userAgent: string, address: string, device = new Device()) {
  const send = (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    headers.set('user-agent', userAgent)
    headers.set('cf-connecting-ip', address)
    return at.ask(url.replace(/^https:\/\/[^/]+/, ''), { ...init, headers })
  }
  const browser = new BoundBrowser({ request: send } as never, device)
  /** Sends a form, which the upstream answers with these verbs. */
  const post = (path: string, verbs: unknown, form: Record<string, string> = {}) => {
    at.answer = (seen) =>
      new Response('done', { headers: verbs ? { 'portcullis-session': order(seen, verbs) } : {} })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return browser.fetch(path, { method: 'POST', headers, body: `${new URLSearchParams(form)}` })
  }
  const signIn = (data: Data) =>
    post('/login', { start: { data } }, { email: `${data.user}@x.test` })
  return { browser, post, signIn }
}

/** The story of the records: who did what, with names for tags in the order in which they come. */
function tellStory(records: readonly AuditRecord[]): string[] {
  const names = new Map<string, string>()
  const name = (kind: string, tag: string | undefined): string => {
    if (tag === undefined) return `no ${kind}`
    const known = names.get(tag)
    if (known !== undefined) return known
    const count = [...names.values()].filter((one) => one.startsWith(kind)).length + 1
    names.set(tag, `${kind} ${count}`)
    return `${kind} ${count}`
  }
  return records.map((record) => {
    const { action, outcome, reason, user, session, client, browser, system, actor } = record
    const by = actor === undefined ? '' : ` by ${actor} ${name('user', record.actorUser)}`
    const who = `${name('user', user)}, ${name('session', session)}`
    return `${action} ${outcome} (${reason}): ${who}, ${client}, ${browser} on ${system}${by}`
  })
}

test('O3: the records alone tell of login, denial, logout, endings by others, throttle and device', async () => {
  const site = await createSite()
  const { at, records } = site
  const desk = createBrowser(site, chrome, '203.0.113.77')
  const phone = createBrowser(site, safari, '2001:db8:1:2::3')
  const root = createBrowser(site, firefox, '198.51.100.9')
  const thief = createBrowser(site, firefox, '192.0.2.66')

  // Ada signs in at her desk, and her browser binds the session to its device.
  const offer = await desk.signIn({ user: 'ada-lovelace' })
  const challenge = /challenge="([\w.-]+)"/.exec(
    offer.headers.get('secure-session-registration') ?? '',
  )?.[1]
  await desk.browser.register(await desk.browser.device.offer(challenge ?? ''))
  await desk.browser.prove()

  // She signs in on her phone, tries a page of administrators, and ends the session at the desk from there.
  await phone.signIn({ user: 'ada-lovelace' })
  expect((await phone.browser.fetch('/admin')).status).toBe(403)
  at.answer = () => new Response('a list')
  await phone.browser.fetch('/devices')
  const list = JSON.parse(atob(base64(at.last().headers.get('portcullis-sessions') ?? '')))
  const other = list.find(({ current }: { current: boolean }) => !current) as { id: string }
  await phone.post('/devices', { end: { id: other.id } })
  await phone.post('/logout', { end: true })

  // Bob signs in twice; an administrator ends all that he has.
  await phone.signIn({ user: 'bob-marley' })
  await root.signIn({ user: 'root-user', roles: ['admin'] })
  await root.post('/users', { endAll: { user: 'bob-marley' } })

  // Somebody guesses.
  for (let guess = 0; guess < 6; guess++) await thief.post('/login', null, { email: 'ada@x.test' })

  expect(tellStory(records)).toEqual([
    'session-start success (started): user 1, session 1, 203.0.113.0/24, Chrome 140 on Windows',
    'device-bind success (ES256): user 1, session 1, 203.0.113.0/24, Chrome 140 on Windows',
    'session-start success (started): user 1, session 2, 2001:db8:1::/48, Safari 18 on iOS 18',
    'request denied (role-missing): user 1, session 2, 2001:db8:1::/48, Safari 18 on iOS 18',
    'session-end success (ended-by-user): user 1, session 1, 2001:db8:1::/48, Safari 18 on iOS 18',
    'session-end success (ended): user 1, session 2, 2001:db8:1::/48, Safari 18 on iOS 18',
    'session-start success (started): user 2, session 3, 2001:db8:1::/48, Safari 18 on iOS 18',
    'session-start success (started): user 3, session 4, 198.51.100.0/24, Firefox 140 on Linux',
    'session-end-all success (all): user 2, no session, 198.51.100.0/24, Firefox 140 on Linux by origin user 3',
    'login denied (pair): no user, no session, 192.0.2.0/24, Firefox 140 on Linux',
  ])

  // The same in every record, and nothing of anybody in it.
  expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(records.length)
  const text = JSON.stringify(records)
  for (const secretText of [
    'lovelace',
    'marley',
    'root-user',
    '203.0.113.77',
    '2001:db8:1:2',
    'x.test',
  ]) {
    expect(text).not.toContain(secretText)
  }
})

test('O3: a login at a provider, a logout and a back-channel logout are records of their requests', async () => {
  const records: AuditRecord[] = []
  const events: SecurityEvent[] = []
  const site = await createLoginSite({ login: { onEvent: (event) => events.push(event) } })
  const app = new Hono()
    .use(
      portcullis({
        audit: auditTrail((record) => records.push(record)),
        csrf: false,
        platform: 'cloudflare',
      }),
    )
    .route('/', site.app)
  const browser = new LoginBrowser(app, site.provider)
  await browser.signIn()
  const token = await site.provider.logoutToken({ sid: 'sid-1' })
  await app.request('https://app.example/.portcullis/backchannel-logout/acme', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }),
  })

  const story = records.map(({ action, outcome, actor, subject }) =>
    [action, outcome, actor, subject].filter(Boolean).join(' '),
  )
  expect(story).toEqual([
    'login-start success acme',
    'session-start success',
    'login success acme',
    'session-end-all success provider',
    'logout success acme',
  ])
  // A login and the session that it began share a request and a session.
  const [, started, login] = records
  expect([login?.requestId, login?.session]).toEqual([started?.requestId, started?.session])
  expect(started?.user).toMatch(/^[\w-]{22}$/)
  // Its own listener receives the same, once each, with the id of the request.
  const ids = records.filter(({ type }) => /^(?:login|backchannel)/.test(type))
  expect(events.map(({ type, request }) => [type, request])).toEqual(
    ids.map(({ type, requestId }) => [type, requestId]),
  )
})

const base64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/')
