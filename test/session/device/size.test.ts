/** A stateless session whose cookie fits with its key, and no longer with the time of its first proof. */
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { errorPage } from '../../../src/page/index.ts'
import { deviceBound, revocable, session, statelessSessions } from '../../../src/session/index.ts'
import { memoryRevocations } from '../../../src/store/index.ts'
import { type Data, secret } from '../support.ts'
import { BoundBrowser, Device, readChallenge } from './support.ts'

const device = new Device()

function createApp(size: number) {
  const events: string[] = []
  const sessions = statelessSessions<Data>({
    secret,
    user: (data) => data.userId,
    onEvent: ({ type, reason }) => events.push(`${type} ${reason ?? ''}`),
    device: deviceBound(),
    revocation: revocable({ store: memoryRevocations() }),
  })
  const app = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .post('/login', async (c) => {
      await c.var.session.start({ userId: 'ada', theme: 'x'.repeat(size) })
      return c.text('in')
    })
    .get('/who', async (c) => c.text((await c.var.session.get())?.userId ?? 'nobody'))
  return { app, events }
}

it('a stateless session of no size of data is ended by its first proof', async () => {
  const lost: string[] = []
  for (let size = 2400; size < 2900; size += 3) {
    const { app, events } = createApp(size)
    const visitor = new BoundBrowser(app, device)
    const login = await visitor.fetch('/login', { method: 'POST' })
    if (login.status !== 200) break
    const header = login.headers.get('secure-session-registration') ?? ''
    const challenge = /challenge="([\w.-]+)"/.exec(header)?.[1] ?? ''
    // Too large with the key: 503, and the session goes on unbound. That is right.
    const registered = await visitor.register(await device.offer(challenge))
    if (registered.status !== 200) {
      expect(await (await visitor.fetch('/who')).text()).toBe('ada')
      continue
    }
    const proved = await visitor.refresh(await device.prove(readChallenge(await visitor.refresh())))
    const who = await (await visitor.fetch('/who')).text()
    if (who !== 'ada')
      lost.push(`${size}: proof ${proved.status}, then ${who}: ${events.slice(-2)}`)
  }
  expect(lost).toEqual([])
})
