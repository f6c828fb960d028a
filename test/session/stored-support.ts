/** What the tests of stored sessions share: a site, its visitors, and a store that can be stopped and broken. */
import { type Context, Hono } from 'hono'
import { errorPage } from '../../src/page/index.ts'
import {
  type SessionHandle,
  type StoredOptions,
  type StoredStrategy,
  session,
  storedSessions,
} from '../../src/session/index.ts'
import { type AtomicStore, memoryStore, type SessionStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { Browser, type Data, noon, secret } from './support.ts'

/** Something that waits until the test lets it go on. */
export interface Gate {
  /** Resolves when it waits. */
  readonly arrived: Promise<void>
  release(): void
  /** For what should wait. */
  pass(): Promise<void>
}

export function gate(): Gate {
  let release = (): void => {}
  let arrive = (): void => {}
  const open = new Promise<void>((done) => {
    release = done
  })
  const arrived = new Promise<void>((done) => {
    arrive = done
  })
  return {
    arrived,
    release,
    pass(): Promise<void> {
      arrive()
      return open
    },
  }
}

type Handler = (s: SessionHandle<Data>, c: Context) => unknown

/** What a visit came to. */
export interface Visit {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the handler returned.
  readonly body: any
  /** Set-Cookie as it was sent. */
  readonly cookies: string[]
  readonly response: Response
}

/** A browser whose requests are handlers written where they are made. */
export class Visitor extends Browser {
  // biome-ignore lint/suspicious/noExplicitAny: any app will do.
  readonly #app: Hono<any, any, any>
  readonly #handlers: Map<string, Handler>

  // biome-ignore lint/suspicious/noExplicitAny: any app will do.
  constructor(app: Hono<any, any, any>, handlers: Map<string, Handler>) {
    super(app)
    this.#app = app
    this.#handlers = handlers
  }

  /** Whatever the handler returns comes back as JSON, null for nothing. */
  async visit(handler: Handler): Promise<Visit> {
    const name = `${this.#handlers.size}`
    this.#handlers.set(name, handler)
    const response = await this.fetch(`/${name}`)
    const text = await response.clone().text()
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      cookies: response.headers.getSetCookie(),
      response,
    }
  }

  get = async (): Promise<unknown> => (await this.visit((s) => s.get())).body
  login = (userId = 'ada'): Promise<Visit> => this.visit((s) => s.start({ userId }))
  logout = (): Promise<Visit> => this.visit((s) => s.end())
  /** Another browser with the same cookies: a copy of them, or a second request under way. */
  twin(): Visitor {
    const twin = new Visitor(this.#app, this.#handlers)
    for (const [name, value] of this.cookies) twin.cookies.set(name, value)
    return twin
  }
}

/** Sessions in a store on a clock that tests move, and visitors of the site that has them. */
export function siteWith(
  store: SessionStore,
  options: Partial<StoredOptions<Data>> = {},
  clock: { now: number } = { now: noon },
): {
  sessions: StoredStrategy<Data>
  clock: { now: number }
  events: SecurityEvent[]
  /** Types of the events since the last call, with their reasons. */
  heard(): string[]
  visitor(): Visitor
} {
  const events: SecurityEvent[] = []
  let told = 0
  const sessions = storedSessions<Data>({
    secret,
    store,
    user: (data) => data.userId,
    clock: () => clock.now,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const handlers = new Map<string, Handler>()
  const app = new Hono()
    .use(session(sessions))
    .get('/:name', async (c) => {
      const result = await handlers.get(c.req.param('name'))?.(c.var.session, c)
      return result instanceof Response ? result : c.json((result as object) ?? null)
    })
    .onError(errorPage({ report: () => {} }))
  return {
    sessions,
    clock,
    events,
    heard(): string[] {
      const fresh = events.slice(told)
      told = events.length
      return fresh.map(({ type, reason }) => (reason === undefined ? type : `${type}: ${reason}`))
    },
    visitor: () => new Visitor(app, handlers),
  }
}

/** A store on the clock of its site. */
export function memoryAt(clock: { now: number }): AtomicStore {
  return memoryStore({ clock: () => clock.now })
}

/** What a store of the simplest kind is. */
export function mapStore(): SessionStore & { readonly rows: Map<string, string> } {
  const rows = new Map<string, string>()
  return {
    rows,
    get: (key) => rows.get(key),
    set: (key, value) => rows.set(key, value),
    delete: (key) => rows.delete(key),
  }
}

/** Both kinds, by name, each on the clock of its test. */
export const kinds: ReadonlyArray<
  readonly [name: string, make: (clock: { now: number }) => SessionStore]
> = [
  ['memoryStore', memoryAt],
  ['a Map', mapStore],
]

/** A store that tests watch, stop and break. */
export interface Handled<S> {
  readonly store: S
  /** Verbs in the order they were asked. */
  readonly calls: string[]
  /** Stops the next call of a verb, before or after it does its work. */
  hold(verb: string, when?: 'before' | 'after'): Gate
  /** Lets the n-th call from now fail (1 is the next), before or after it does its work; and every call after it, if `on`. */
  fail(n: number, when: 'before' | 'after', on?: boolean): void
  heal(): void
}

export function handled<S extends SessionStore>(inner: S): Handled<S> {
  const calls: string[] = []
  let gates: Array<{ verb: string; when: 'before' | 'after'; gate: Gate }> = []
  let plan: { at: number; when: 'before' | 'after'; on: boolean } | undefined

  async function wait(verb: string, when: 'before' | 'after'): Promise<void> {
    const found = gates.find((each) => each.verb === verb && each.when === when)
    gates = gates.filter((each) => each !== found)
    await found?.gate.pass()
  }
  const verbs = Object.entries(inner).filter(([, verb]) => typeof verb === 'function') as Array<
    [string, (...args: unknown[]) => unknown]
  >
  const store = Object.fromEntries(
    verbs.map(([verb, work]) => [
      verb,
      async (...args: unknown[]): Promise<unknown> => {
        calls.push(verb)
        const { at, when, on } = plan ?? { at: 0, when: 'before', on: false }
        const broken = at > 0 && (calls.length === at || (on && calls.length > at))
        await wait(verb, 'before')
        if (broken && when === 'before') throw new Error('the store is down')
        const result = await work(...args)
        await wait(verb, 'after')
        if (broken) throw new Error('the answer was lost')
        return result
      },
    ]),
  ) as unknown as S
  return {
    store,
    calls,
    hold(verb, when = 'before'): Gate {
      const made = gate()
      gates.push({ verb, when, gate: made })
      return made
    },
    fail(n, when, on = false): void {
      plan = { at: calls.length + n, when, on }
    },
    heal(): void {
      plan = undefined
    },
  }
}
