/** The stack in h3 1, the server of Nuxt 4, as docs/frameworks.md puts it into `server/middleware`. */
import {
  createApp,
  createRouter,
  defineEventHandler,
  fromNodeMiddleware,
  readBody,
  sendRedirect,
  toNodeListener,
} from 'h3'
import { afterEach, expect, it } from 'vitest'
import { expressMiddleware } from '../../../node/index.ts'
import { portcullis } from '../../../src/index.ts'
import { type Client, sessions, start } from './support.ts'

const guard = expressMiddleware(portcullis({ session: sessions }))
const router = createRouter()
  .get(
    '/api/me',
    defineEventHandler(async ({ node }) => ({
      user: (await guard.var(node.req).session.get())?.user ?? null,
    })),
  )
  .post(
    '/api/login',
    defineEventHandler(async (event) => {
      const { user } = await readBody<{ user: string }>(event)
      await guard.var(event.node.req).session.start({ user })
      return sendRedirect(event, '/', 303)
    }),
  )

let client: Client | undefined
afterEach(() => client?.close())

it('signs a user in behind h3, and its own 404 has the headers of the stack', async () => {
  const middleware = fromNodeMiddleware((request, response, next) =>
    guard(request, response, (error) => next(error as Error)),
  )
  client = await start(toNodeListener(createApp().use(middleware).use(router)))
  const { send } = client
  const json = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
  const body = '{"user":"ada"}'
  const login = await send('POST', '/api/login', { headers: json, body })
  const cookie = login.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  expect([login.status, cookie]).toEqual([303, expect.stringMatching(/^__Host-session=/)])
  expect((await send('GET', '/api/me', { headers: { cookie } })).text).toContain('"ada"')

  const foreign = { ...json, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  expect((await send('POST', '/api/login', { headers: foreign, body })).status).toBe(403)
  const missing = await send('GET', '/nowhere')
  expect([missing.status, missing.headers['x-content-type-options']]).toEqual([404, 'nosniff'])
})
