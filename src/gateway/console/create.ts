/**
 * Creates the console of a gateway, an option that a configuration imports: its endpoints, its
 * counts and its forms. `compile.ts` starts it. Wrong options are a `ConfigError`; requests of
 * viewers without access are rejected by `authorize.ts`.
 */
import { type AccessMembers, type CompiledAccess, compileAccess } from '../../access/index.ts'
import type { HeaderWriter } from '../../headers/index.ts'
import { createNonce, nonceSource } from '../../headers/nonce.ts'
import type { RequestMetrics } from '../../monitor/index.ts'
import { checkKeys, createIssues, type Issues, parseChoice } from '../../options/index.ts'
import { adoptRedis, type RedisSource } from '../../redis/adopt.ts'
import type { Redis } from '../../redis/client.ts'
import { sessionInternals } from '../../session/core/internals.ts'
import type { SessionStrategy } from '../../session/index.ts'
import type { Clock } from '../../types.ts'
import type { Endpoint } from '../endpoints/endpoint.ts'
import { readBoundedText } from '../endpoints/read-text.ts'
import type { RequestContext } from '../request-context.ts'
import { type AuthorizeViewer, createAuthorizeViewer, type Viewer } from './authorize.ts'
import { observeRequests } from './counts/observe.ts'
import {
  type ConsoleReading,
  type ConsoleStore,
  createMemoryStore,
  createRedisStore,
} from './counts/store.ts'
import { createStreamLimit, type StreamLimit } from './limits.ts'
import { createLiveStream } from './live.ts'
import { consolePath, renderPage, type SessionPanel } from './page/page.ts'
import { type Parts, renderParts } from './page/parts.ts'
import { createView } from './page/view.ts'
import { findSupport, handleSessionForm, parseSessionForm } from './sessions.ts'
import type { ConsoleServices, GatewayConsole } from './types.ts'

/** Pages that may show the console in a frame. */
type Ancestors = 'none' | 'self'

/** Options of {@link gatewayConsole}. */
export interface ConsoleOptions<Data = object> {
  /**
   * The rule of viewers of the console, such as `{ role: 'admin' }`. It must need a session. Where
   * the rule has no `fresh`, the login must be an hour old at most.
   */
  readonly access: 'session' | AccessMembers<Data>
  /**
   * The Redis in which the counts of all isolates come together: 60 hashes of at most 300 names, and a list of 50 requests.
   *
   * @default none: each isolate shows its own
   */
  readonly redis?: RedisSource
  /**
   * The pages that may show the console in a frame. `'self'` stands for pages of this site.
   *
   * @default 'none'
   */
  readonly frame?: Ancestors
}

/** Seconds since the login, where the rule does not say. */
const defaultFresh = 3600
const maxFormBytes = 4096
const requestLimits = { perAddress: 240, perSession: 120 } as const
const streamMs = 60_000
/** Streams end at their next look, which may come late. */
const streamBounds = { perSession: 4, all: 20, lastsMs: streamMs + 10_000 } as const
const lookMs = { memory: 1000, redis: 2000 } as const

/**
 * Makes the option `console` of a gateway: a page under `/.portcullis/console` that shows requests as they come, refusals by
 * reason, limits, upstreams, reports of browsers, and the sessions of a user.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @see docs/console.md
 * @example
 * createGateway({ ..., console: gatewayConsole({ access: { role: 'admin' }, redis: client }) })
 */
export function gatewayConsole<Data = object>(options: ConsoleOptions<Data>): GatewayConsole {
  const issues = createIssues('console')
  checkKeys(issues, options, ['access', 'redis', 'frame'])
  const { redis, frame } = Object(options) as Partial<ConsoleOptions<Data>>
  const client = redis === undefined ? undefined : adoptRedis(redis, issues)
  const ancestors = parseChoice<Ancestors>(issues, 'frame', frame, ['none', 'self']) ?? 'none'
  const access = compileConsoleAccess(Object(options).access, issues)
  issues.throwIfAny()

  /** Requests of the console itself, which it does not show. */
  const ignored = new WeakSet<RequestMetrics>()
  let store: ConsoleStore | undefined
  const findStore = (clock: Clock): ConsoleStore => {
    store ??= createStore(client, clock)
    return store
  }

  return {
    observe: (monitor, clock) => observeRequests(monitor, findStore(clock), ignored, clock),
    start(services, gatewayIssues) {
      validateSessions(services.strategy, gatewayIssues)
      return createConsoleEndpoints({
        services,
        ignored,
        ancestors,
        store: findStore(services.clock),
        lookMs: client === undefined ? lookMs.memory : lookMs.redis,
        authorizeViewer: createAuthorizeViewer(access, services, requestLimits),
        streams: createStreamLimit(streamBounds),
        source:
          client === undefined
            ? 'Counts of this isolate since it started.'
            : 'Counts of all isolates, kept in Redis.',
      })
    },
  }
}

function createStore(client: Redis | undefined, clock: Clock): ConsoleStore {
  return client === undefined ? createMemoryStore(clock) : createRedisStore(client, clock)
}

function compileConsoleAccess(value: unknown, issues: Issues): CompiledAccess {
  const at = issues.at('access')
  const rule = compileAccess(value, at)
  if (!rule.session) at.add('', 'must require a session: the console is not public')
  return { ...rule, freshMs: rule.freshMs ?? defaultFresh * 1000 }
}

function validateSessions(strategy: SessionStrategy<object> | undefined, issues: Issues): void {
  if (strategy === undefined) issues.add('', 'needs the option session')
  else if (strategy[sessionInternals] === undefined && strategy.chosen === undefined)
    issues.add('', 'needs sessions of this library: statelessSessions() or storedSessions()')
}

/** The parts that the endpoints share. */
interface ConsoleParts {
  readonly services: ConsoleServices
  readonly store: ConsoleStore
  readonly ignored: WeakSet<RequestMetrics>
  readonly ancestors: Ancestors
  readonly lookMs: number
  readonly authorizeViewer: AuthorizeViewer
  readonly streams: StreamLimit
  readonly source: string
}

function createConsoleEndpoints(console: ConsoleParts): readonly Endpoint[] {
  const { services, store, ignored, authorizeViewer } = console

  async function handle(
    ctx: RequestContext,
    respond: (viewer: Viewer) => Promise<Response>,
  ): Promise<Response> {
    if (ctx.settings === undefined) throw ctx.settingsError
    if (ctx.metrics !== undefined) ignored.add(ctx.metrics)
    const viewer = await authorizeViewer(ctx)
    return viewer instanceof Response ? viewer : respond(viewer)
  }

  async function render(env: unknown): Promise<{ parts: Parts; reading: ConsoleReading }> {
    const reading = await store.read(env)
    const view = createView(reading.data, services.upstreams, services.clock())
    return { parts: renderParts(view, reading.data), reading }
  }

  async function respondWithPage(ctx: RequestContext, viewer: Viewer): Promise<Response> {
    const panel = await createPanel(console, ctx, viewer)
    if (panel instanceof Response) return panel

    const { parts, reading } = await render(ctx.env)
    const nonce = createNonce()
    const page = renderPage({
      ...{ parts, panel, nonce, source: console.source },
      problem: reading.degraded ? degradedText : undefined,
      origin: ctx.settings?.publicOrigin ?? '',
      csrfToken: await viewer.issueToken(),
      now: services.clock(),
    })
    ctx.response.headers = keepOwnPolicy(ctx.response.headers)
    return new Response(ctx.request.method === 'HEAD' ? null : page, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': createPolicy(nonce, console.ancestors),
        ...(console.ancestors === 'self' && { 'x-frame-options': 'SAMEORIGIN' }),
      },
    })
  }

  return [
    {
      path: consolePath,
      methods: ['GET', 'HEAD', 'POST'],
      handle: (ctx) => handle(ctx, (viewer) => respondWithPage(ctx, viewer)),
    },
    {
      path: `${consolePath}/live`,
      methods: ['GET'],
      handle: (ctx) =>
        handle(ctx, async (viewer) => {
          const place = console.streams.open(viewer.session, services.clock())
          if (place === undefined)
            return services.reject(ctx, 'rate-limited', [['Retry-After', '60']])
          const body = createLiveStream({
            render: () => render(ctx.env).then(({ parts }) => parts),
            ...{ everyMs: console.lookMs, lastsMs: streamMs, signal: ctx.request.signal, place },
          })
          const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
          return new Response(body, { headers })
        }),
    },
  ]
}

const degradedText = 'Redis did not respond. These are the counts of one isolate only.'

/** The panel of a page, or the response to a form that nobody may send. */
async function createPanel(
  { services }: ConsoleParts,
  ctx: RequestContext,
  viewer: Viewer,
): Promise<SessionPanel | Response> {
  const { request, env, eventContext } = ctx
  const strategy = services.sessions.findStrategy(env)
  const nothing = { user: undefined, sessions: undefined, message: undefined }
  if (request.method !== 'POST') return { support: findSupport(strategy), ...nothing }

  const form = parseSessionForm(await readBoundedText(request, maxFormBytes))
  if (form === undefined) return services.reject(ctx, 'body-malformed')
  if (!(await viewer.verifyToken(form.token)))
    return services.reject(ctx, form.token === '' ? 'token-missing' : 'token-bad')
  return handleSessionForm(form, { strategy, env, context: eventContext, actor: viewer.user })
}

/** The page has its own policy, so the policies of the gateway's other pages do not apply to it. */
function keepOwnPolicy(write: HeaderWriter): HeaderWriter {
  const writeOwn: HeaderWriter = Object.assign(
    (response: Response, origin: Parameters<HeaderWriter>[1]): Response => {
      const written = write(response, origin)
      written.headers.delete('content-security-policy-report-only')
      return written
    },
    { nonces: write.nonces, fills: write.fills, nonceFor: write.nonceFor },
  )
  return writeOwn
}

function createPolicy(nonce: string, ancestors: Ancestors): string {
  const own = nonceSource(nonce)
  return [
    "default-src 'none'",
    `script-src ${own}`,
    `style-src ${own}`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors '${ancestors}'`,
    "require-trusted-types-for 'script'",
    'trusted-types portcullis',
  ].join('; ')
}
