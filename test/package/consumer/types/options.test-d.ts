/** Options that must not compile: a misspelt option of a security library is a hole. */
import {
  csrf,
  portcullis,
  rateLimit,
  requireSession,
  secureHeaders,
  statelessSessions,
  storedSessions,
} from 'portcullis'
import { memoryLimiter } from 'portcullis/limit'
import { memoryStore } from 'portcullis/store'
import { holds, type Same } from './expect.ts'

const secret = 'a secret that is never used, only typed'
interface Data {
  user: string
}

statelessSessions<Data>({ secret, maxAge: 3600, sameSite: 'strict', user: (data) => data.user })
// @ts-expect-error: nothing can be sealed without one
statelessSessions<Data>({})
// @ts-expect-error
statelessSessions<Data>({ secret, maxage: 3600 })
// @ts-expect-error: seconds are a number
statelessSessions<Data>({ secret, maxAge: '8h' })
// @ts-expect-error
statelessSessions<Data>({ secret, sameSite: 'Lax' })
// @ts-expect-error: httpOnly is not for sale
statelessSessions<Data>({ secret, httpOnly: false })
// @ts-expect-error: absent is the default, undefined is nothing
statelessSessions<Data>({ secret, maxAge: undefined })
// @ts-expect-error: not a member of Data
statelessSessions<Data>({ secret, user: (data) => data.id })
// @ts-expect-error: where are they kept?
storedSessions<Data>({ secret })
// @ts-expect-error: a store that cannot delete
storedSessions<Data>({ secret, store: { get: async () => undefined, set: async () => {} } })
storedSessions<Data>({ secret, store: memoryStore() })
// Keystone's: called once while building, not a binding.
storedSessions<Data>({
  secret,
  store: ({ maxAge }) => {
    holds<Same<typeof maxAge, number>>()
    return memoryStore()
  },
})
// @ts-expect-error
storedSessions<Data>({ secret, store: (c) => c.env.SESSION_SECRET })
// @ts-expect-error: data is an object
statelessSessions<string>({ secret })

secureHeaders({ preset: 'strict', xFrameOptions: 'SAMEORIGIN', referrerPolicy: false })
// @ts-expect-error
secureHeaders({ xFrameOption: 'DENY' })
// @ts-expect-error
secureHeaders({ xFrameOptions: 'ALLOW-FROM https://a.example' })
// @ts-expect-error
secureHeaders({ preset: 'helmet' })
// @ts-expect-error
secureHeaders({ xContentTypeOptions: 'sniff' })

csrf({ trustedOrigins: ['https://app.example.com'] })
// @ts-expect-error
csrf({ trustedOrigin: 'https://app.example.com' })
// @ts-expect-error
csrf({ missing: 'ignore' })
// @ts-expect-error: 'log' is called observe everywhere
csrf({ mode: 'log' })

const limiter = memoryLimiter({ limit: 10, window: 60 })
rateLimit({ limiter, platform: 'cloudflare' })
// @ts-expect-error
rateLimit({ platform: 'cloudflare', limiter, onError: 'open' })
// @ts-expect-error
rateLimit({ platform: 'aws', limiter })
// @ts-expect-error
memoryLimiter({ limit: 10 })

requireSession({ signIn: '/login' })
// @ts-expect-error
requireSession({ signin: '/login' })

portcullis({ headers: false, csrf: { missing: 'deny' } })
// @ts-expect-error
portcullis({ header: false })
// @ts-expect-error: a limit is tuned by rateLimit's options
portcullis({ rateLimit: 10 })
// @ts-expect-error
portcullis({ session: {} })
