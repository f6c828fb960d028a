/**
 * What device-bound sessions cost, counted: crypto by the calls of Web Crypto, the store by its
 * verbs.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AtomicStore, memoryStore } from '../../../src/store/index.ts'
import { type BoundBrowser, bound, Device, readChallenge, siteOver } from './support.ts'

const device = new Device()
const verbs = ['sign', 'verify', 'encrypt', 'decrypt', 'digest', 'importKey', 'deriveKey'] as const
const real = Object.fromEntries(
  verbs.map((verb) => [verb, crypto.subtle[verb].bind(crypto.subtle)]),
)
let calls: Record<string, number> = {}
let asked: Record<string, number> = {}

beforeEach(() => {
  for (const verb of verbs)
    Object.defineProperty(crypto.subtle, verb, {
      configurable: true,
      value: (...args: never[]) => {
        calls[verb] = (calls[verb] ?? 0) + 1
        return (real[verb] as (...args: never[]) => unknown)(...args)
      },
    })
})
afterEach(() => {
  for (const verb of verbs) delete (crypto.subtle as unknown as Record<string, unknown>)[verb]
})

function countingStore(): AtomicStore {
  const memory = memoryStore()
  const count =
    (verb: 'read' | 'replace' | 'create' | 'rotate') =>
    (...args: never[]): unknown => {
      asked[verb] = (asked[verb] ?? 0) + 1
      return (memory[verb] as (...args: never[]) => unknown)(...args)
    }
  const counted = Object.fromEntries(
    (['read', 'replace', 'create', 'rotate'] as const).map((verb) => [verb, count(verb)]),
  )
  return { ...memory, ...counted } as AtomicStore
}

async function countRequest(
  browser: BoundBrowser,
  path: string,
  headers: Record<string, string> = {},
): Promise<object> {
  await browser.fetch(path, { headers }) // keys are derived once
  calls = {}
  asked = {}
  await browser.fetch(path, { headers })
  return { calls: { ...calls }, asked: { ...asked } }
}

describe('the cost', () => {
  const site = (options = {}) =>
    siteOver(
      {},
      { store: countingStore(), clock: Date.now, onEvent: undefined as never, ...options },
    )

  it('of an unbound session is nothing, with the option as without it', async () => {
    const counts: object[] = []
    for (const options of [{}, { device: undefined as never }]) {
      const { browser } = site(options)
      const visitor = browser(device)
      await visitor.fetch('/login', { method: 'POST' })
      counts.push(await countRequest(visitor, '/private'))
    }
    expect(counts[0]).toEqual(counts[1])
  })

  // Named in docs/device-bound-sessions.md: whether a link must begin again is in the session.
  it('of a link from another site is a read, on a page that needs no session', async () => {
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    const { browser } = site()
    const visitor = browser(device)
    expect(await countRequest(visitor, '/public', link)).toEqual({ calls: {}, asked: {} })
    await visitor.login()
    expect(await countRequest(visitor, '/public')).toEqual({ calls: {}, asked: {} })
    expect(await countRequest(visitor, '/public', link)).toMatchObject({ asked: { read: 1 } })
    await visitor.bind()
    // With the bound cookie nothing has to begin again.
    expect(await countRequest(visitor, '/public', link)).toEqual({ calls: {}, asked: {} })
  })

  it('of a visitor without a session is nothing', async () => {
    const { browser } = site()
    expect(await countRequest(browser(device), '/private')).toEqual({ calls: {}, asked: {} })
  })

  it('of a bound session is one HMAC a request, and nothing of the store', async () => {
    const { browser } = site()
    const visitor = browser(device)
    await visitor.login()
    const unbound = (await countRequest(visitor, '/private')) as { calls: Record<string, number> }
    await visitor.bind()
    const counted = await countRequest(visitor, '/private')
    expect(counted).toEqual({
      calls: { ...unbound.calls, sign: (unbound.calls.sign ?? 0) + 1 },
      asked: { read: 1 },
    })
  })

  it('of a refresh is one read and one write; asking for the challenge is nothing', async () => {
    const { browser } = site()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    ;[asked, calls] = [{}, {}]
    const challenge = readChallenge(await visitor.refresh())
    expect(asked).toEqual({})
    // The seal of the cookie, the MAC of the name, and that of the challenge.
    expect(calls).toEqual({ decrypt: 1, digest: 1, sign: 2 })
    const token = await device.prove(challenge)
    ;[asked, calls] = [{}, {}]
    await visitor.refresh(token)
    expect(asked).toEqual({ read: 1, replace: 1 })
    expect(calls).toMatchObject({ verify: 1 })
  })

  it('of all that a browser sends for a refresh is a read, a write and a signature', async () => {
    const { browser } = site()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    ;[asked, calls] = [{}, {}]
    expect((await visitor.prove()).status).toBe(200)
    expect(asked).toEqual({ read: 1, replace: 1 })
    expect(calls.verify).toBe(1)
  })

  it('of a proof that is nonsense is no signature checked', async () => {
    const { browser } = site()
    const visitor = browser(device)
    await visitor.bind()
    const token = await device.prove('nonsense')
    calls = {}
    await visitor.refresh(token)
    expect(calls.verify).toBeUndefined()
  })
})
