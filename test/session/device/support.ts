/**
 * What the tests of device-bound sessions share: a device with a key, and a site that binds
 * sessions to it.
 */
import { Hono } from 'hono'
import { errorPage } from '../../../src/page/index.ts'
import {
  type DeviceOptions,
  deviceBound,
  requireBound,
  requireSession,
  type SessionStrategy,
  type StoredOptions,
  session,
  storedSessions,
} from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { Browser, type Data, noon, secret } from '../support.ts'

/** Whatever answers requests. */
export interface App {
  request(url: string, init?: RequestInit): Response | Promise<Response>
}

export const bound = '__Host-session-bound'
const registerPath = '/.portcullis/dbsc/register'
const refreshPath = '/.portcullis/dbsc/refresh'
const algorithms = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const

/** A key in a device: it signs, and never leaves. */
export class Device {
  readonly alg: 'ES256' | 'RS256'
  #keys: CryptoKeyPair | undefined

  constructor(alg: 'ES256' | 'RS256' = 'ES256') {
    this.alg = alg
  }

  /** The key is made at its first use: not every runtime allows it before a test runs. */
  async #pair(): Promise<CryptoKeyPair> {
    const made = this.#keys ?? (await generateKey(this.alg))
    this.#keys ??= made
    return this.#keys
  }

  /** The public key as Chromium 156 sends it. */
  async jwk(): Promise<Record<string, unknown>> {
    const exported = await crypto.subtle.exportKey('jwk', (await this.#pair()).publicKey)
    const { kty, crv, x, y, n, e } = exported as JsonWebKey
    return kty === 'EC' ? { crv, kty, x, y } : { e, kty, n }
  }

  /** A JWS in compact form over whatever a test wants to say. */
  async sign(header: object, payload: object): Promise<string> {
    const input = `${encode(header)}.${encode(payload)}`
    const signature = await crypto.subtle.sign(
      algorithms[this.alg],
      (await this.#pair()).privateKey,
      new TextEncoder().encode(input),
    )
    return `${input}.${base64url(new Uint8Array(signature))}`
  }

  /** What Chromium sends at registration: the key is in the header. */
  async offer(challenge: string): Promise<string> {
    const header = { alg: this.alg, jwk: await this.jwk(), typ: 'dbsc+jwt' }
    return this.sign(header, { jti: challenge })
  }

  /** What Chromium sends with a refresh. */
  prove(challenge: string): Promise<string> {
    return this.sign({ alg: this.alg, typ: 'dbsc+jwt' }, { jti: challenge })
  }
}

async function generateKey(alg: 'ES256' | 'RS256'): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey(algorithms[alg], true, ['sign', 'verify'])
  return pair as CryptoKeyPair
}

export function encode(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)))
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** A browser that does what Chromium does with device-bound sessions, one step at a time. */
export class BoundBrowser extends Browser {
  readonly device: Device
  /** What the server answered to the registration. */
  instructions: { session_identifier: string } | undefined

  constructor(app: App, device: Device) {
    super(app as never)
    this.device = device
  }

  /** Signs in; resolves with the challenge of the registration that was offered. */
  async login(): Promise<string> {
    return readOffer(await this.fetch('/login', { method: 'POST' }))
  }

  /** Offers a key. */
  async register(token: string): Promise<Response> {
    const headers = { 'secure-session-response': token }
    const response = await this.fetch(registerPath, { method: 'POST', headers })
    if (response.status === 200) this.instructions = await response.clone().json()
    return response
  }

  /** Asks for the bound cookie, with a proof or without. */
  async refresh(token?: string, id = this.instructions?.session_identifier): Promise<Response> {
    if (token === undefined) await passMillisecond()
    const headers = {
      ...(id !== undefined && { 'sec-secure-session-id': id }),
      ...(token !== undefined && { 'secure-session-response': token }),
    }
    return this.fetch(refreshPath, { method: 'POST', headers })
  }

  /** Asks, signs the challenge, and asks again. */
  async prove(device: Device = this.device): Promise<Response> {
    const challenge = readChallenge(await this.refresh())
    return this.refresh(await device.prove(challenge))
  }

  /** Signs in, registers and proves: a bound session. */
  async bind(): Promise<void> {
    const challenge = await this.login()
    const registered = await this.register(await this.device.offer(challenge))
    const proved = await this.prove()
    if (registered.status !== 200 || proved.status !== 200)
      throw new Error(`not bound: ${registered.status}, ${proved.status}`)
  }

  /** Somebody else with copies of these cookies, or of some of them. */
  copy(app: App, device: Device, names = [...this.cookies.keys()]): BoundBrowser {
    const thief = new BoundBrowser(app, device)
    thief.instructions = this.instructions
    for (const name of names) thief.cookies.set(name, this.cookies.get(name) ?? '')
    return thief
  }
}

/**
 * Waits until the clock shows another millisecond. A challenge counts once for its time, and a test
 * asks for the next one sooner than any browser could.
 */
async function passMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await new Promise((done) => setTimeout(done, 1))
}

/**
 * The app on a clock that a test moves: it moves by a millisecond for each challenge, as time does
 * between two requests of a browser.
 */
export function tickAtChallenges(app: App, clock: { now: number }): App {
  return {
    request(url, init) {
      const isRefresh = url.endsWith(refreshPath) && init?.method === 'POST'
      if (isRefresh && !new Headers(init.headers).has('secure-session-response')) clock.now += 1
      return app.request(url, init)
    },
  }
}

/** The challenge of the header that offers registration. */
export function readOffer(response: Response): string {
  const header = response.headers.get('secure-session-registration') ?? ''
  const offer = /^\(ES256 RS256\);path="\/\.portcullis\/dbsc\/register";challenge="([\w.-]+)"$/
  const challenge = offer.exec(header)?.[1]
  if (challenge === undefined) throw new Error(`no offer: ${response.status} ${header}`)
  return challenge
}

/** The challenge of a refresh that asks for a proof. */
export function readChallenge(response: Response): string {
  const header = response.headers.get('secure-session-challenge') ?? ''
  const challenge = /^"([\w.-]+)";id="[\w-]{16}"$/.exec(header)?.[1]
  if (response.status !== 403 || challenge === undefined)
    throw new Error(`no challenge: ${response.status} ${header}`)
  return challenge
}

/** The routes of every site here: sign in, sign out, who am I, and guarded pages. */
export function routes(sessions: SessionStrategy<Data>, clock: () => number): App {
  return new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .post('/login', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      return c.text('in')
    })
    .post('/logout', async (c) => {
      await c.var.session.end()
      return c.text('out')
    })
    .post('/visit', async (c) => c.json(await c.var.session.update((d) => ({ ...d, visits: 1 }))))
    .get('/list', async (c) => c.json(await c.var.session.list()))
    .get('/who', async (c) => {
      const data = await c.var.session.get()
      return c.json({ data: data ?? null, info: (await c.var.session.info()) ?? null })
    })
    .get('/private', requireSession({ signIn: '/login' }), (c) => c.text('in'))
    .get('/bound', requireBound({ clock }), (c) => c.text('in'))
    .all('/proof', requireBound({ proof: 60, clock }), (c) => c.text('in'))
}

/** A site over a store, on a clock that tests move. */
export interface BoundSite {
  readonly app: App
  readonly clock: { now: number }
  readonly events: SecurityEvent[]
  readonly sessions: SessionStrategy<Data>
  /** Types and reasons of the events about devices since the last call. */
  heard(): string[]
  browser(device: Device): BoundBrowser
}

export function siteOver(
  device: DeviceOptions = {},
  options: Partial<StoredOptions<Data>> = {},
): BoundSite {
  const clock = { now: noon }
  return siteWith(clock, (onEvent) =>
    storedSessions<Data>({
      secret,
      store: memoryStore({ clock: () => clock.now }),
      user: (data) => data.userId,
      clock: () => clock.now,
      onEvent,
      device: deviceBound(device),
      ...options,
    }),
  )
}

/** A site whose sessions a test makes itself. */
export function siteWith(
  clock: { now: number },
  create: (onEvent: (event: SecurityEvent) => void) => SessionStrategy<Data>,
): BoundSite {
  const events: SecurityEvent[] = []
  let told = 0
  const sessions = create((event) => events.push(event))
  const app = tickAtChallenges(
    routes(sessions, () => clock.now),
    clock,
  )
  return {
    app,
    clock,
    events,
    sessions,
    heard(): string[] {
      const fresh = events.slice(told)
      told = events.length
      return fresh
        .filter(({ type }) => /bound|bind|key|refresh|rejected/.test(type))
        .map(({ type, reason, skipped }) => [type, reason, skipped].filter(Boolean).join(': '))
    },
    browser: (device) => new BoundBrowser(app, device),
  }
}
