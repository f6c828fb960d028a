import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { Gateway, SecurityEvent } from '../../src/gateway/index.ts'
import { portcullis } from '../../src/index.ts'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { order } from '../../src/stack/order.ts'
import { bench, sessions } from './support.ts'

/**
 * A request that breaks every rule is rejected by the first check; mended there it is rejected by the second, and so on. What
 * rejects it is told by the event, and by the status where there is none.
 */
interface BrokenRequest {
  origin: string
  path: string
  method: string
  readonly headers: Record<string, string>
}

interface Rule {
  /** The step of `stack/order.ts` that keeps the rule. */
  readonly step: (typeof order)[number]
  readonly rejectedWith: string
  mend(request: BrokenRequest): void
}

const rules: readonly Rule[] = [
  {
    step: 'path',
    rejectedWith: 'path-not-canonical',
    mend: (request) => {
      request.path = '/a'
    },
  },
  {
    step: 'host',
    rejectedWith: 'host-unknown',
    mend: (request) => {
      request.origin = 'http://app.example.com'
    },
  },
  {
    step: 'https',
    rejectedWith: 'https-required',
    mend: (request) => {
      request.origin = 'https://app.example.com'
    },
  },
  {
    step: 'methods',
    rejectedWith: 'method-not-allowed',
    mend: (request) => {
      request.method = 'POST'
    },
  },
  {
    step: 'limits',
    rejectedWith: 'headers-too-large',
    mend: (request) => {
      delete request.headers['x-large']
    },
  },
  {
    step: 'addresses',
    rejectedWith: 'address-not-allowed',
    mend: (request) => {
      request.headers['cf-connecting-ip'] = '198.51.100.7'
    },
  },
  {
    step: 'csrf',
    rejectedWith: 'cross-site',
    mend: (request) => {
      request.headers['sec-fetch-site'] = 'same-origin'
    },
  },
  {
    step: 'body',
    rejectedWith: 'content-type-not-allowed',
    mend: (request) => {
      request.headers['content-type'] = 'application/json'
    },
  },
  {
    step: 'rateLimit',
    rejectedWith: 'rate-limited',
    mend: (request) => {
      request.headers['x-client'] = 'another'
    },
  },
  { step: 'access', rejectedWith: 'no-session', mend: () => {} },
]

/** Sends the request, mended rule after rule; what rejected it each time. */
async function walk(
  send: (request: Request) => Promise<Response>,
  events: SecurityEvent[],
): Promise<string[]> {
  const broken: BrokenRequest = {
    origin: 'http://other.example.com',
    path: '//b',
    method: 'PROPFIND',
    headers: {
      'cf-connecting-ip': '203.0.113.9',
      'sec-fetch-site': 'cross-site',
      'content-type': 'text/plain',
      'x-large': 'x'.repeat(100_000),
    },
  }
  const rejections: string[] = []
  for (const { mend } of rules) {
    events.length = 0
    const { origin, path, method, headers } = broken
    const response = await send(new Request(origin + path, { method, headers, body: 'x' }))
    const reasons = events.map(({ reason, type }) =>
      type === 'rate-limited' ? 'rate-limited' : reason,
    )
    rejections.push(reasons[0] ?? (response.status === 400 ? 'path-not-canonical' : 'none'))
    mend(broken)
  }
  return rejections
}

const newLimit = () => ({
  name: 'all',
  limiter: memoryLimiter({ limit: 1, window: 60 }),
  key: ({ req }: { req: { raw: Request } }) => req.raw.headers.get('x-client') ?? 'one',
})
const rule = { session: true, address: ['198.51.100.0/24'] } as const

describe('the order in which a request is checked', () => {
  it('is one list, in stack/order.ts', () => {
    const steps = rules.map(({ step }) => step)
    expect(order.filter((step) => steps.includes(step))).toEqual(steps)
  })

  it('holds for the gateway', async () => {
    const events: SecurityEvent[] = []
    const limit = limitGate(newLimit())
    const { gateway }: { gateway: Gateway } = await bench({
      routes: [{ path: '/a', to: 'app', access: rule, contentTypes: ['application/json'], limit }],
      signIn: undefined,
      onEvent: (event: SecurityEvent) => events.push(event),
    } as never)
    await useUp((request) => gateway.fetch(request))
    expect(await walk((request) => gateway.fetch(request), events)).toEqual(
      rules.map(({ rejectedWith }) => rejectedWith),
    )
  })

  it('holds for the stack', async () => {
    const events: SecurityEvent[] = []
    const onEvent = (event: SecurityEvent): unknown => events.push(event)
    const app = new Hono()
      .use(
        portcullis({
          session: sessions,
          publicOrigin: 'https://app.example.com',
          methods: ['GET', 'POST'],
          body: { contentTypes: ['application/json'] },
          csrf: { onEvent },
          rateLimit: { ...newLimit(), onEvent },
          access: { platform: 'cloudflare', rules: [{ path: '/a', allow: rule }] },
          onEvent,
        } as never),
      )
      .post('/a', (c) => c.text('handled'))
    await useUp(async (request) => app.request(request))
    expect(await walk(async (request) => app.request(request), events)).toEqual(
      rules.map(({ rejectedWith }) => rejectedWith),
    )
  })
})

/** Counts one request, so that the next one is over the limit. */
async function useUp(send: (request: Request) => Promise<Response>): Promise<void> {
  const headers = {
    'cf-connecting-ip': '198.51.100.7',
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
  }
  const init = { method: 'POST', headers, body: '1' }
  expect((await send(new Request('https://app.example.com/a', init))).status).toBe(401)
}
