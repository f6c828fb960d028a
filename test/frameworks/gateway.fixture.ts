/** Gateways for bare workerd in front of real frameworks: one for each trial, with failed logins and a clock of its own. */

// The table that `portcullis init` writes; the runner bundles it from cli/templates.ts.
import { config as initConfig } from 'init:gateway.config'
import * as library from '../../src/gateway/index.ts'
import {
  createGateway,
  type Gateway,
  gatewayThrottle,
  type Route,
  type RouteThrottle,
} from '../../src/gateway/index.ts'
import { memoryThrottle } from '../../src/limit/index.ts'
import { statelessSessions } from '../../src/session/index.ts'

/** Of one framework. */
interface Application {
  readonly url: string
  /** Options of the upstream that this version of the gateway knows. */
  readonly upstream: object
  readonly routes: readonly Route[]
  readonly throttle: { readonly [path: string]: RouteThrottle }
  /** Options of the throttle that this version knows. */
  readonly options: object
}
interface Bindings {
  /** Applications by name, as JSON. */
  readonly APPS: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
}
interface Trial {
  readonly gateway: Gateway<never>
  now: number
}

/** Milliseconds that an upstream may think in a trial whose name begins with `slow`. */
const impatience = 300

const trials = new Map<string, Trial>()

function start(
  name: string,
  table: string,
  { url, upstream, routes, options }: Application,
  secret: string,
): Trial {
  const trial = { gateway: undefined as unknown as Gateway<never>, now: Date.now() }
  const clock = (): number => trial.now
  const timeoutMs = name.startsWith('slow') ? impatience : 30_000
  const upstreams = { app: { url, timeoutMs, ...reviveOptions(upstream) } }
  const session = statelessSessions<{ user: string; roles?: string[] }>({
    secret,
    user: (data) => data.user,
  })
  const own = {
    ...{
      publicOrigin: (c: { env: { PUBLIC_ORIGIN: string } }) => c.env.PUBLIC_ORIGIN,
      upstreams,
      session,
      clock,
    },
    user: (data: { user: string }) => data.user,
    roles: (data: { roles?: string[] }) => data.roles ?? [],
    throttle: gatewayThrottle<never>({ store: memoryThrottle(), secret, limit: 5, ...options }),
    onFault: (error: unknown) => console.error(error),
    routes,
  }
  return Object.assign(trial, {
    gateway: createGateway((table === 'init' ? initConfig() : own) as never),
  })
}

/** Replaces what JSON cannot hold. Older versions of the gateway take the text. */
function reviveOptions(upstream: object): object {
  if (!('methodOverride' in upstream) || !('methodOverride' in library)) return upstream
  return { ...upstream, methodOverride: library.methodOverride() }
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const url = new URL(request.url)
    // <trial>.<table>.<application>.localhost
    const [name = '', table = '', application = ''] = url.hostname.split('.')
    const app = (JSON.parse(env.APPS) as Record<string, Application>)[application]
    if (app === undefined) return new Response(null, { status: 404 })
    let trial = trials.get(url.hostname)
    if (trial === undefined) {
      trial = start(name, table, app, env.SESSION_SECRET)
      trials.set(url.hostname, trial)
    }
    if (url.pathname === '/.harness/elapse') {
      trial.now += Number(url.searchParams.get('ms'))
      return new Response(null, { status: 204 })
    }
    const bound = { ...env, PUBLIC_ORIGIN: url.origin, UPSTREAM_URL: app.url }
    return trial.gateway.fetch(request, bound as never)
  },
}
