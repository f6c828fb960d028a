/** Sessions on the context: what `c.var.session` is, and what it is not. */
import { Hono } from 'hono'
import {
  openSession,
  portcullis,
  requireSession,
  type SessionData,
  type SessionEnv,
  type SessionHandle,
  type SessionInfo,
  session,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from 'portcullis'
import { memoryStore } from 'portcullis/store'
import { holds, type Same } from './expect.ts'

interface Data {
  user: string
  theme?: 'dark' | 'light'
}
const secret = 'a secret that is never used, only typed'
const sessions = statelessSessions<Data>({ secret })

holds<Same<SessionData<typeof sessions>, Data>>()
holds<Same<SessionEnv<typeof sessions>['Variables']['session'], SessionHandle<Data>>>()

// Chained: typed, on every way it can be put there.
new Hono().use(session(sessions)).get('/', async (c) => {
  holds<Same<typeof c.var.session, SessionHandle<Data>>>()
  const data = await c.var.session.get()
  holds<Same<typeof data, Data | undefined>>()
  c.var.session.set('theme', 'dark')
  c.var.session.unset('theme')
  const stored = await c.var.session.update((before) => ({
    ...before,
    user: before?.user ?? 'alice',
  }))
  holds<Same<typeof stored, Data>>()
  await c.var.session.start({ user: 'alice' }, { keep: ['theme'] })
  const info = await c.var.session.info()
  holds<Same<typeof info, SessionInfo | undefined>>()
  // @ts-expect-error: no member of Data
  c.var.session.set('thme', 'dark')
  // @ts-expect-error: not a value of this member
  c.var.session.set('theme', 'blue')
  // @ts-expect-error: a session without its user is no session
  c.var.session.unset('user')
  // @ts-expect-error: what is missing
  await c.var.session.start({})
  // @ts-expect-error: there may be no session yet
  await c.var.session.update((before) => before)
  // @ts-expect-error: no member of Data
  await c.var.session.start({ user: 'alice' }, { keep: ['cart'] })
  // @ts-expect-error: data is data, facts come from info()
  data?.createdAt
  return c.text('')
})
new Hono().use('/app/*', session(sessions)).get('/app/x', (c) => {
  holds<Same<typeof c.var.session, SessionHandle<Data>>>()
  return c.text('')
})
new Hono().get('/', session(sessions), (c) => {
  holds<Same<typeof c.var.session, SessionHandle<Data>>>()
  return c.text('')
})
new Hono<{ Bindings: { DB: string } }>()
  .use(portcullis({ session: sessions }))
  .get('/', requireSession(), (c) => {
    holds<Same<typeof c.var.session, SessionHandle<Data>>>()
    holds<Same<typeof c.env.DB, string>>()
    return c.text('')
  })
// Without sessions there are none.
new Hono().use(portcullis()).get('/', (c) => {
  // @ts-expect-error
  c.var.session
  return c.text('')
})
// Helpers in other files.
new Hono<SessionEnv<typeof sessions>>().get('/', (c) => {
  holds<Same<typeof c.var.session, SessionHandle<Data>>>()
  return c.text('')
})

// Without Hono.
declare const cookies: {
  get(name: string): { value: string } | undefined
  set(name: string, value: string): void
}
holds<Same<Awaited<ReturnType<SessionHandle<Data>['get']>>, Data | undefined>>()
openSession(sessions, { cookies }) satisfies SessionHandle<Data>
openSession(sessions, { request: new Request('https://a.example'), headers: new Headers() })
// @ts-expect-error: no context
openSession(sessions, {})

// Keystone's three verbs on any strategy.
sessions.get({ context: { cookies } }) satisfies Promise<Data | undefined>
// @ts-expect-error
sessions.start({ context: { cookies }, data: { usr: 'alice' } })

// A strategy that somebody else wrote gives its three verbs, and by type no others.
const theirs = {
  get: async (): Promise<{ id: number } | undefined> => ({ id: 1 }),
  start: async (_: { data: { id: number } }): Promise<void> => {},
  end: async (): Promise<void> => {},
}
new Hono().use(session(theirs)).get('/', async (c) => {
  holds<Same<Awaited<ReturnType<typeof c.var.session.get>>, { id: number } | undefined>>()
  await c.var.session.start({ id: 1 })
  await c.var.session.end()
  // @ts-expect-error
  c.var.session.set('id', 1)
  // @ts-expect-error
  await c.var.session.update(() => ({ id: 1 }))
  // @ts-expect-error
  await c.var.session.list()
  // @ts-expect-error
  await c.var.session.start({ id: '1' })
  return c.text('')
})
// @ts-expect-error: two verbs are no strategy
session({ get: theirs.get, end: theirs.end })

// A stored strategy can be administered; a stateless one cannot list.
const stored = storedSessions<Data>({ secret, store: memoryStore() })
stored.list({ user: 'alice' }) satisfies Promise<SessionInfo[]>
stored.endAll({ user: 'alice' }) satisfies Promise<number>
// @ts-expect-error
sessions.list({ user: 'alice' })
// @ts-expect-error: which kind?
sessionsBy<Data>(() => 'a', { a: statelessSessions<{ other: number }>({ secret }) })
