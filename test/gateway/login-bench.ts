/** A gateway with one login, in front of a server that counts the passwords it looked at. */
import { gatewayThrottle } from '../../src/gateway/index.ts'
import type { LoginThrottleOptions } from '../../src/limit/throttle/options.ts'
import type { ThrottleStore } from '../../src/limit/throttle/stores/store.ts'
import type { LoginOrigin } from './login-origins.ts'
import { type Bench, bench, type Overrides } from './support.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)

export interface LoginBench extends Bench {
  /** Accounts whose passwords were looked at, in order. */
  readonly verified: string[]
  /** Tries once. The client's address, its cookies and its path may be said. */
  login(email: string, password: string, from?: From): Promise<Response>
  /** Lets time pass. */
  elapse(ms: number): void
}
export interface From {
  readonly address?: string
  readonly cookie?: string
  readonly path?: string
  readonly init?: RequestInit
}

export const right = 'correct horse battery staple'

export async function loginBench(
  origin: LoginOrigin,
  store: ThrottleStore,
  {
    throttle = {},
    ...overrides
  }: Partial<Omit<Overrides, 'throttle'>> & {
    readonly throttle?: Partial<LoginThrottleOptions<never>>
  } = {},
): Promise<LoginBench> {
  let now = noon
  const verified: string[] = []
  const base = await bench({
    clock: () => now,
    throttle: gatewayThrottle<never>({
      store,
      secret: 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3',
      ...throttle,
    }),
    routes: [
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      {
        ...{ path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
        throttle: origin.throttle,
      },
      { path: '/*', to: 'app', access: 'public' },
    ],
    ...overrides,
  })
  base.answer = async (seen) => {
    if (seen.method !== 'POST') return new Response('upstream')
    const greeting = origin.greet?.(seen)
    if (greeting !== undefined) return greeting
    const { email, password } = origin.read(await new Response(seen.init.body).text())
    verified.push(email)
    return origin.answer(password === right, seen)
  }
  return Object.assign(base, {
    verified,
    elapse(ms: number): void {
      now += ms
    },
    login(
      email: string,
      password: string,
      { address = '192.0.2.1', cookie, path, init }: From = {},
    ) {
      const sent = { ...origin.request(email, password), ...init }
      const headers = new Headers(sent.headers)
      headers.set('cf-connecting-ip', address)
      if (cookie !== undefined) headers.set('cookie', cookie)
      return base.ask(path ?? '/login', { ...sent, headers })
    },
  })
}

/** The device's cookie of an answer, as the browser sends it back. */
export function deviceOf(response: Response): string | undefined {
  return response.headers
    .getSetCookie()
    .map((text) => text.split(';', 1)[0] ?? '')
    .find((pair) => pair.startsWith('__Host-device='))
}
