/**
 * A gateway with device-bound sessions whose faults and clock a test turns on and off; for Node and
 * for bare workerd.
 */
import { createGateway, type Gateway, type SecurityEvent } from '../../src/gateway/index.ts'
import { deviceBound, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'

export interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
  readonly ASSERTION_KEY: string
  readonly SITE_ORIGIN?: string
}

interface Data {
  user: string
}

/** What a test sets; everything is off at the start. */
export interface Faults {
  /** The store cannot be asked. */
  down?: boolean
  /** Every write to the store meets another one. */
  busy?: boolean
  /** Milliseconds that the clock is ahead. */
  ahead?: number
  /** This deployment has another secret. */
  otherSecret?: boolean
  maintenance?: boolean
  /** Challenges come back too late. */
  slow?: boolean
  /** Another server answers the refresh: its status, its body, its headers. */
  refresh?: { status: number; body?: string; headers?: Record<string, string>; times?: number }
}

/** One line of what happened. */
export interface Entry {
  readonly event?: string
  readonly reason?: string
  readonly method?: string
  readonly path?: string
  readonly status?: number
  readonly skipped?: string
  readonly site?: string
}

const log: Entry[] = []
let faults: Faults = {}
const memory = memoryStore()
const secrets = ['Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e', 'xX1bVx2nLr9tYw4cKm6bHs1dGf3jTa8e']
const clock = (): number => Date.now() + (faults.ahead ?? 0)
const onEvent = ({ type, reason }: SecurityEvent): void => {
  log.push({ event: type, ...(reason !== undefined && { reason }) })
}
const fail = (): Promise<never> => Promise.reject(new Error('connection refused'))

const gateways = new Map<string, Gateway<Bindings>>()

function findGateway(env: Bindings): Gateway<Bindings> {
  const made = gateways.get(env.PUBLIC_ORIGIN) ?? create(env)
  gateways.set(env.PUBLIC_ORIGIN, made)
  return made
}

function create(env: Bindings): Gateway<Bindings> {
  const { SITE_ORIGIN: site } = env
  return createGateway<'app', Data, Bindings>({
    publicOrigin: env.PUBLIC_ORIGIN,
    ...(site !== undefined && { hosts: ['example.test:*', 'shop.example.test:*'] }),
    upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
    maintenance: () => faults.maintenance === true,
    signIn: '/login',
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    clock,
    onEvent,
    session: storedSessions<Data>({
      secret: () => secrets[faults.otherSecret ? 1 : 0],
      clock,
      onEvent,
      user: (data) => data.user,
      ...(site !== undefined && { domain: new URL(site).hostname }),
      device: deviceBound(
        site === undefined ? {} : { site: { origin: site, registering: [env.PUBLIC_ORIGIN] } },
      ),
      store: {
        ...memory,
        read: (...args) => (faults.down ? fail() : memory.read(...args)),
        async replace(row, version, context) {
          if (faults.down) return fail()
          if (!faults.busy) return memory.replace(row, version, context)
          const found = await memory.read(row, { now: row.now, idle: row.idle, slice: 1 }, context)
          return { ...found, is: 'conflict' } as never
        },
      },
    }),
    routes: [
      { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', to: 'app', access: 'public', sessions: ['end'] },
      { path: '/public', to: 'app', access: 'public' },
      { path: '/proof', to: 'app', access: { device: { proof: 10 } } },
      { path: '/*', to: 'app', access: 'session' },
    ],
  })
}

async function answer(request: Request, env: Bindings, context?: never): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/.test/faults') {
    faults = (await request.json()) as Faults
    return new Response('set')
  }
  if (pathname === '/.test/log') return Response.json(log.splice(0, log.length))
  if (pathname === '/favicon.ico') return new Response(null, { status: 204 })

  const injected = pathname.endsWith('/dbsc/refresh') ? faults.refresh : undefined
  const spent = injected?.times !== undefined && injected.times-- <= 0
  const response =
    injected === undefined || spent
      ? await findGateway(env).fetch(request, env, context)
      : new Response(injected.body ?? null, {
          status: injected.status,
          headers: injected.headers ?? {},
        })
  const skipped = request.headers.get('secure-session-skipped')
  log.push({
    method: request.method,
    path: pathname,
    status: response.status,
    site: request.headers.get('sec-fetch-site') ?? '',
    ...(skipped !== null && { skipped }),
  })
  return response
}

export default { fetch: answer }
