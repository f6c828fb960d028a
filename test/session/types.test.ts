import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { z } from 'zod'
import {
  type SessionData,
  type SessionEnv,
  session,
  statelessSessions,
  type ThreeVerbs,
} from '../../src/session/index.ts'

interface Visit {
  visits: number
  theme?: string
}
const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'
const sessions = statelessSessions<Visit>({ secret })
const theirs: ThreeVerbs<Visit> = {
  get: async () => ({ visits: 1 }),
  start: async () => {},
  end: async () => {},
}

/** Compiles only if the two types are the same. */
function same<A, B>(
  same: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false,
): void {
  expect(same).toBe(true)
}

it('c.var.session is typed through a chain, and through SessionEnv', async () => {
  const app = new Hono().use(session(sessions)).get('/', async (c) => {
    const data = await c.var.session.get()
    same<typeof data, Visit | undefined>(true)
    c.var.session.flash('x', 1)
    // @ts-expect-error: no such member
    if (data) c.var.session.set('vists', 2)
    // @ts-expect-error: the wrong type
    if (data) c.var.session.set('visits', '2')
    // @ts-expect-error: a member that must be there cannot be taken away
    if (data) c.var.session.unset('visits')
    if (data) c.var.session.unset('theme')
    return c.text('ok')
  })
  const helper = new Hono<SessionEnv<typeof sessions>>()
    .onError((_, c) => c.text('no session', 500))
    .get('/', async (c) => {
      const updated = await c.var.session.update((data) => ({ visits: (data?.visits ?? 0) + 1 }))
      same<typeof updated, Visit>(true)
      return c.text('ok')
    })
  same<SessionData<typeof sessions>, Visit>(true)
  expect((await app.request('/')).status).toBe(200)
  expect((await helper.request('/')).status).toBe(500)
})

it('data is inferred from a schema', () => {
  const schema = z.object({ userId: z.string(), cart: z.array(z.string()).optional() })
  const inferred = statelessSessions({ secret, schema })
  same<SessionData<typeof inferred>, { userId: string; cart?: string[] | undefined }>(true)
})

it('a strategy of three verbs gives a handle of three verbs', async () => {
  const app = new Hono().use(session(theirs)).get('/', async (c) => {
    // @ts-expect-error: nobody emulates what a strategy does not have
    expect(c.var.session.update).toBe(undefined)
    return c.json(await c.var.session.get())
  })
  expect(await (await app.request('/')).json()).toEqual({ visits: 1 })
})

it('a secret that may be undefined is a type error, a function that returns it is not', () => {
  const env: { SECRET?: string } = { SECRET: secret }
  // @ts-expect-error: a missing secret must be found while compiling
  expect(() => statelessSessions({ secret: env.SECRET })).not.toThrow()
  expect(statelessSessions({ secret: () => env.SECRET }).kind).toBe('stateless')
})
