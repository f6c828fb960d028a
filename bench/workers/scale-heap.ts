/** Meets strangers, each once: what an isolate remembers of them must not grow with their number. */

import type { AssertionKeys } from '../../src/assertion/keys.ts'
import { createAssertions } from '../../src/assertion/sign.ts'
import {
  circuitBreaker,
  createGateway,
  defineGateway,
  gatewayThrottle,
} from '../../src/gateway/index.ts'
import { type LimitResult, limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { createBlockedKeys } from '../../src/limit/memory/blocked-keys.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { monitor, readDevice } from '../../src/monitor/index.ts'
import { createInvalidationTimes } from '../../src/proxy/cache/invalidation-times.ts'
import { createBurstGuard } from '../../src/session/device/burst-guard.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryRevocations, memoryStore } from '../../src/store/index.ts'
import { secret } from './data.ts'

const hour = 3_600_000
const throttle = memoryThrottle()
const store = memoryStore()
const revocations = memoryRevocations()
const limiter = memoryLimiter({ limit: 100, window: 60 })
const blocked = createBlockedKeys(10_000)
const mayAsk = createBurstGuard(Date.now)
const invalidated = createInvalidationTimes()
const assertions = createAssertions(60)
let keys: AssertionKeys | undefined

const gateway = createGateway(
  defineGateway<'app', { user: string }>({
    publicOrigin: 'https://bench.test',
    platform: 'cloudflare',
    upstreams: { app: { url: 'http://upstream.test', breaker: circuitBreaker() } },
    session: storedSessions({ secret, store, user: (data) => data.user }),
    monitor: monitor({ log: () => {} }),
    throttle: gatewayThrottle({ store: throttle, secret }),
    limit: limitGate({ name: 'all', limiter, platform: 'cloudflare' }),
    routes: [
      {
        path: '/login',
        methods: ['POST'],
        to: 'app',
        access: 'public',
        csrf: false,
        throttle: { account: { json: 'email' }, success: { cookie: 'sid' } },
      },
      { path: '/*', to: 'app', access: 'public' },
    ],
    fetch: (async () => new Response('wrong password', { status: 401 })) as typeof fetch,
  } as never),
)

function readAddress(i: number): string {
  return `${10 + (i >>> 24)}.${(i >>> 16) & 255}.${(i >>> 8) & 255}.${i & 255}`
}

/** A login that fails and a page, each from an address and by a browser that was never there before. */
async function passGateway(i: number): Promise<void> {
  const headers = {
    'cf-connecting-ip': readAddress(i),
    'content-type': 'application/json',
    'user-agent': `Browser ${i}`,
  }
  const body = JSON.stringify({ email: `user${i}@example.com` })
  const login = new Request('https://bench.test/login', { method: 'POST', headers, body })
  const page = new Request(`https://bench.test/page/${i}?q=${i}`, { headers })
  for (const request of [login, page]) {
    const response = await gateway.fetch(request, {})
    if (response.status !== 401) throw new Error(`${response.status} ${await response.text()}`)
  }
}

async function createKeys(): Promise<AssertionKeys> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return { signer: pair.privateKey, kid: 'bench', jwks: '' }
}

/** Everything else that remembers something of a user or an address. */
async function meetStranger(i: number): Promise<void> {
  const now = Date.now()
  const name = `stranger ${i}`
  const row = { key: name, index: name, record: 'r'.repeat(300), now, idle: hour, end: now + hour }
  await limiter.take(readAddress(i))
  await throttle.attempt(
    {
      ticket: name,
      streaks: [{ key: name, free: 5, longest: hour }],
      days: [{ key: name, most: 100 }],
    },
    now,
    {},
  )
  await store.rotate({ key: `old ${name}` }, { ...row, write: name }, { grace: 60_000 }, {})
  await store.replace({ ...row, write: `${name} again` }, '1', {})
  await revocations.revoke(name, hour, {})
  await revocations.advance(name, hour, {})
  await revocations.endMarked?.(name, { life: hour, once: { id: name, life: hour } }, {})
  const denied = { allowed: false, retryAt: now + hour } as LimitResult
  blocked.note(name, 1, denied, now)
  mayAsk(`token of a ${name}`)
  invalidated.set(name, now)
}

let met = 0

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/.gc') {
      ;(globalThis as { gc?: () => void }).gc?.()
      return new Response(null, { status: 204 })
    }

    keys ??= await createKeys()
    for (let n = Number(searchParams.get('n')); n > 0; n--) {
      await meetStranger(met)
      // These cost a hundred times as much as all of the above.
      if (met % 50 === 0) {
        await passGateway(met)
        readDevice(`Browser ${met}`)
        const subject = { upstream: 'app', session: `session ${met}` }
        await assertions(subject, keys, 'https://bench.test', Date.now())
      }
      met++
    }
    return new Response(String(met))
  },
}
