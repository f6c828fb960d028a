/** The demo's gateway: that of `worker/gateway.config.ts`, with a route for everything else a gateway can do. */
import {
  circuitBreaker,
  defineGateway,
  type GatewayConfig,
  gatewayConsole,
  gatewayThrottle,
  publicCache,
} from '../../src/gateway/index.ts'
import { graphqlLimits } from '../../src/graphql/index.ts'
import { limitGate, memoryLimiter, memoryThrottle } from '../../src/limit/index.ts'
import { monitor } from '../../src/monitor/index.ts'
import { french, german, japanese, pages, spanish } from '../../src/page/index.ts'
import { clientInfo, deviceBound, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { common, config, type Data } from '../../worker/gateway.config.ts'
import { log, logRequest } from '../../worker/log.ts'

/** What the page of devices and the console show of a session. Nobody but wrangler is in front of this gateway. */
export const seen = { clientInfo: clientInfo({ platform: 'cloudflare' }) }

/** Sessions, assertions, maintenance, readiness and events are the deployable's. What counts in memory is for one process. */
export function demo(): GatewayConfig<'app' | 'failing' | 'nowhere', Data> {
  // In the memory of this process, and for `npm run dev -- --device` bound to the device that signs in.
  const inMemory = { ...common, ...seen, store: memoryStore() }
  const device = storedSessions<Data>({ ...inMemory, device: deviceBound({ lifetime: 300 }) })
  return defineGateway({
    ...config({ device, memory: storedSessions<Data>(inMemory) }, seen),
    // So that the demo can be walked through with curl, which does not say where a form comes from. Browsers since 2020 do.
    csrf: { missing: 'allow' },
    upstreams: {
      app: { url: (c) => c.env.UPSTREAM_URL, sessions: true, probe: '/demo.css' },
      failing: {
        url: (c) => c.env.UPSTREAM_URL,
        breaker: circuitBreaker({ failures: 3, window: 30, pause: 10 }),
      },
      nowhere: { url: 'http://127.0.0.1:1' }, // nobody listens there
    },
    throttle: gatewayThrottle({ store: memoryThrottle(), secret: (c) => c.env.SESSION_SECRET }),
    // Times for everybody to see: right for a demo, and not where strangers log in.
    monitor: monitor({ log: logRequest, trace: true, serverTiming: true }),
    pages: pages({
      name: 'Portcullis demo',
      languages: [german, french, spanish, japanese],
      links: [{ text: 'Home', href: '/' }],
    }),
    // Alice is an administrator. The home page shows the console in a frame.
    console: gatewayConsole<Data>({ access: { role: 'admin' }, frame: 'self' }),
    routes: [
      { path: '/', methods: ['GET'], to: 'app', access: 'public', sessions: ['set'] },
      { path: '/live', methods: ['GET'], to: 'app', access: 'public' },
      // No session is opened for a file, and none is needed to keep it.
      { path: '/demo.css', methods: ['GET'], to: 'app', access: 'public', anonymous: true },
      { path: '/demo.js', methods: ['GET'], to: 'app', access: 'public', anonymous: true },
      { path: '/favicon.ico', methods: ['GET'], to: 'app', access: 'public', anonymous: true },

      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      {
        path: '/login',
        methods: ['POST'],
        to: 'app',
        access: 'public',
        sessions: ['start'],
        throttle: { account: { form: 'user' }, success: 'portcullis' },
      },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/devices', methods: ['GET'], to: 'app', sessions: ['list'] },
      { path: '/devices', methods: ['POST'], to: 'app', sessions: ['end', 'endAll'] },

      { path: '/account', methods: ['GET'], to: 'app' },
      { path: '/device', methods: ['GET'], to: 'app' },
      { path: '/device/proof', methods: ['GET'], to: 'app', access: { device: { proof: 10 } } },
      { path: '/admin/*', methods: ['GET'], to: 'app', access: { role: 'admin' } },
      { path: '/password', methods: ['GET'], to: 'app', access: { fresh: 60 } },
      {
        path: '/regulars',
        methods: ['GET'],
        to: 'app',
        access: { claim: ({ visits = 0 }) => visits >= 3 },
      },
      {
        path: '/here',
        methods: ['GET'],
        to: 'app',
        access: { address: ['127.0.0.0/8', '::1/128'] },
      },
      { path: '/office', methods: ['GET'], to: 'app', access: { address: ['203.0.113.0/24'] } },

      {
        path: '/limited',
        methods: ['GET'],
        to: 'app',
        access: 'public',
        limit: perAddress(5, 20),
      },
      {
        path: '/upload',
        methods: ['POST'],
        to: 'app',
        access: 'public',
        maxBodyBytes: 1000,
        contentTypes: forms(),
      },
      {
        path: '/graphql',
        methods: ['POST'],
        to: 'app',
        access: 'public',
        graphql: graphqlLimits({ maxDepth: 5, maxTake: 100 }),
      },

      {
        path: '/cached',
        methods: ['GET'],
        to: 'app',
        access: 'public',
        cache: publicCache({ maxAge: 10 }),
      },
      {
        path: '/unsteady',
        methods: ['GET'],
        to: 'app',
        access: 'public',
        cache: publicCache({ maxAge: 1, staleIfError: 600 }),
      },
      { path: '/breaks-once', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/breaks', methods: ['GET'], to: 'failing', access: 'public', retry: false },
      { path: '/nowhere', methods: ['GET'], to: 'nowhere', access: 'public' },
      { path: '/late', methods: ['GET'], to: 'app', access: 'public', timeoutMs: 1000 },
      { path: '/slow', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/boom', methods: ['GET'], to: 'app', access: 'public', hideErrors: true },
      { path: '/boom/shown', methods: ['GET'], to: 'app', access: 'public' },

      { path: '/inline', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/cookies', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/headers', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/redirect/*', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/events', methods: ['GET'], to: 'app', access: 'public', maxSocketSeconds: 900 },
      { path: '/socket', methods: ['GET'], to: 'app', access: 'public', maxSocketSeconds: 900 },
      { path: '/echo', methods: ['POST'], to: 'app', access: 'public' },
      { path: '/echo-headers', to: 'app', access: 'public' },
      // No `/*`: what is not listed is 404, and this origin never hears of it.
    ],
  })
}

function perAddress(limit: number, window: number): NonNullable<GatewayConfig['limit']> {
  return limitGate({
    name: 'demo',
    limiter: memoryLimiter({ limit, window }),
    platform: 'cloudflare',
    onEvent: log,
  })
}

function forms(): string[] {
  return ['application/x-www-form-urlencoded', 'multipart/form-data']
}
