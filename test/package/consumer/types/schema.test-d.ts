/** Data from a Standard Schema: no type argument, no dependency on who made the schema. */
import { type SessionData, statelessSessions } from 'portcullis'
import type { Schema } from 'portcullis/session'
import { z } from 'zod'
import { holds, type Same } from './expect.ts'

const secret = 'a secret that is never used, only typed'
const inferred = statelessSessions({
  secret,
  schema: z.object({ user: z.string(), visits: z.number().default(0) }),
})
holds<Same<SessionData<typeof inferred>, { user: string; visits: number }>>()

const byHand: Schema<{ cart: string[] }> = {
  '~standard': {
    version: 1,
    vendor: 'own',
    validate: (value) => ({ value: value as { cart: string[] } }),
  },
}
const own = statelessSessions({ secret, schema: byHand })
holds<Same<SessionData<typeof own>, { cart: string[] }>>()

// @ts-expect-error: the schema speaks of other data than the type argument
statelessSessions<{ user: number }>({ secret, schema: z.object({ user: z.string() }) })
// @ts-expect-error: not a schema
statelessSessions<{ user: number }>({ secret, schema: { parse: (value: unknown) => value } })
// @ts-expect-error: initial data is data
statelessSessions({ secret, schema: z.object({ user: z.string() }), initial: () => ({ user: 1 }) })
