/** What the tests of this room share: a moment, a clock that tests move, a browser that keeps cookies. */
import type { Hono } from 'hono'
import {
  type SessionOptions,
  type SessionStrategy,
  statelessSessions,
} from '../../src/session/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

export const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'
export const otherSecret = 'aQ7-eR2_tY9.uI4mN8bV1cX6zL3kJ5hG'
/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)
export const minutes = 60_000
export const hours: number = 60 * minutes

export interface Data {
  visits?: number
  userId?: string
  cart?: string[]
  theme?: string
}

/** A strategy on a clock of its own, with its events. */
export function sessionsAt(options: Partial<SessionOptions<Data>> = {}): {
  sessions: SessionStrategy<Data>
  clock: { now: number }
  events: SecurityEvent[]
} {
  const clock = { now: noon }
  const events: SecurityEvent[] = []
  const sessions = statelessSessions<Data>({
    secret,
    clock: () => clock.now,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { sessions, clock, events }
}

// biome-ignore lint/suspicious/noExplicitAny: any app will do.
type App = Pick<Hono<any, any, any>, 'request'>

/** A browser as far as cookies go: one value per name, gone with Max-Age=0. */
export class Browser {
  readonly cookies: Map<string, string> = new Map()
  readonly #app: App

  constructor(app: App) {
    this.#app = app
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await this.#app.request(`https://app.example.test${path}`, {
      ...init,
      headers,
    })
    for (const text of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = text.split('; ')
      const at = pair.indexOf('=')
      if (attributes.includes('Max-Age=0')) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  async json(path: string, init: RequestInit = {}): Promise<unknown> {
    return (await this.fetch(path, init)).json()
  }
}

/** The cookie of ours that a response sets, in parts. */
export function ourCookie(
  response: Response,
  name = '__Host-session',
): { value: string; attributes: string[] } | undefined {
  const own = response.headers.getSetCookie().filter((text) => text.startsWith(`${name}=`))
  if (own.length > 1) throw new Error(`${own.length} cookies called ${name}`)
  const [pair = '', ...attributes] = own[0]?.split('; ') ?? []
  return own[0] === undefined ? undefined : { value: pair.slice(name.length + 1), attributes }
}
