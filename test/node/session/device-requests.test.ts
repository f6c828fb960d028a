/** What device-bound sessions ask of a real Redis, in HTTP requests. docs/device-bound-sessions.md lists them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import {
  type BoundBrowser,
  bound,
  Device,
  readChallenge,
  siteOver,
} from '../../session/device/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { warm } from './support.ts'

const device = new Device()

describe.skipIf(noRedis)('a device-bound session in a real Redis', () => {
  let server: TestRedis
  let visitor: BoundBrowser
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
    const site = siteOver({}, { clock: Date.now, store: upstashStore({ redis: client }) })
    visitor = site.browser(device)
  })

  /** Requests and commands of something that the browser does. */
  async function count(work: () => Promise<unknown>): Promise<number[]> {
    server.control.reset()
    await work()
    return [server.control.requests, server.control.commands]
  }

  it('is asked nothing for a challenge, and refreshes with one read and one write', async () => {
    await visitor.bind()
    visitor.cookies.delete(bound)
    let challenge = ''
    const asking = await count(async () => {
      challenge = readChallenge(await visitor.refresh())
    })
    const token = await device.prove(challenge)
    const proving = await count(async () => {
      expect((await visitor.refresh(token)).status).toBe(200)
    })
    expect({ asking, proving }).toEqual({ asking: [0, 0], proving: [2, 2] })

    const whole = await count(() => visitor.prove())
    expect(whole).toEqual([2, 2])
  })

  it('registers with one read and one write, and is proved the first time with the same', async () => {
    const challenge = await visitor.login()
    const offer = await device.offer(challenge)
    expect(await count(() => visitor.register(offer))).toEqual([2, 2])
    expect(await count(() => visitor.prove())).toEqual([2, 2])
  })

  it('costs a request as much as one that is not bound', async () => {
    await visitor.login()
    const unbound = await count(() => visitor.fetch('/private'))
    await visitor.bind()
    expect([unbound, await count(() => visitor.fetch('/private'))]).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it('is asked nothing for names and cookies that are not its own', async () => {
    await visitor.bind()
    const sealed = visitor.cookies.get('__Host-session') ?? ''
    expect(await count(() => visitor.refresh(undefined, 'AAAAAAAAAAAAAAAA'))).toEqual([0, 0])
    visitor.cookies.set('__Host-session', `${sealed.slice(0, -4)}AAAA`)
    expect(await count(() => visitor.refresh())).toEqual([0, 0])
    expect(await count(() => visitor.refresh('x'))).toEqual([0, 0])
  })
})
