/**
 * Creates the option `console` of a gateway: a page for administrators at `/.portcullis/console` with
 * counts of requests, a live stream of changes, and forms that list and end sessions. Applications call
 * `gatewayConsole()`. `config/attach-console.ts` calls its `observe` to count requests, and `compile.ts`
 * its `start` to create the endpoints. Wrong options throw a `ConfigError` (`ERR_CONFIG`). A request
 * without access gets the response of `authorize.ts`, a malformed form 400, a form without a valid
 * token 403, and a stream beyond the limit 429. If Redis does not respond, the page shows the counts of
 * one isolate and says so.
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
   * The access rule of the console, such as `{ role: 'admin' }`. It must need a session. Default of
   * its `fresh`: 3,600, so that the login must be an hour old at most.
   */
  readonly access: 'session' | AccessMembers<Data>
  /**
   * The Redis in which the counts of all isolates are added up. It holds 60 hashes of at most 300 names each, and a
   * list of 50 requests.
   *
   * @default none: each isolate shows its own counts
   */
  readonly redis?: RedisSource
  /**
   * The pages that may show the console in a frame. `'self'` stands for pages of this site.
   *
   * @default 'none'
   */
  readonly frame?: Ancestors
}

/** Maximum seconds since the login, if the access rule has no `fresh`. */
const defaultFresh = 3600
const maxFormBytes = 4096
const requestLimits = { perAddress: 240, perSession: 120 } as const
const streamMs = 60_000
/** Bounds of the live streams. A stream ends at its next update, which may be late; the ten seconds allow for that. */
const streamBounds = { perSession: 4, all: 20, lastsMs: streamMs + 10_000 } as const
/** Milliseconds between two updates of a live stream. */
const updateMs = { memory: 1000, redis: 2000 } as const

/**
 * Creates the option `console` of a gateway: a page at `/.portcullis/console` that shows requests as they arrive,
 * rejections by reason, limits, upstreams, reports of browsers, and the sessions of a user.
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

  /** Requests to the console itself, which are not counted or listed. */
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
        updateMs: client === undefined ? updateMs.memory : updateMs.redis,
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
  const accessIssues = issues.at('access')
  const rule = compileAccess(value, accessIssues)
  if (!rule.session) accessIssues.add('', 'must require a session: the console is not public')

  return { ...rule, freshMs: rule.freshMs ?? defaultFresh * 1000 }
}

function validateSessions(strategy: SessionStrategy<object> | undefined, issues: Issues): void {
  if (strategy === undefined) issues.add('', 'needs the option session')
  else if (strategy[sessionInternals] === undefined && strategy.chosen === undefined)
    issues.add('', 'needs sessions of this library: statelessSessions() or storedSessions()')
}

/** Services and options that the endpoints of the console share. */
interface ConsoleParts {
  readonly services: ConsoleServices
  readonly store: ConsoleStore
  readonly ignored: WeakSet<RequestMetrics>
  readonly ancestors: Ancestors
  /** Milliseconds between two updates of a live stream. */
  readonly updateMs: number
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
          const openStream = console.streams.open(viewer.session, services.clock())
          if (openStream === undefined)
            return services.reject(ctx, 'rate-limited', [['Retry-After', '60']])
          const body = createLiveStream({
            render: () => render(ctx.env).then(({ parts }) => parts),
            ...{
              everyMs: console.updateMs,
              lastsMs: streamMs,
              signal: ctx.request.signal,
              openStream,
            },
          })
          const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
          return new Response(body, { headers })
        }),
    },
  ]
}

const degradedText = 'Redis did not respond. These are the counts of one isolate only.'

/**
 * Creates the panel of a user's sessions, after it has handled a form if one was sent. Returns a rejection for a wrong
 * form.
 */
async function createPanel(
  { services }: ConsoleParts,
  ctx: RequestContext,
  viewer: Viewer,
): Promise<SessionPanel | Response> {
  const { request, env, eventContext } = ctx
  const strategy = services.sessions.findStrategy(env)
  const emptyPanel = { user: undefined, sessions: undefined, message: undefined }
  if (request.method !== 'POST') return { support: findSupport(strategy), ...emptyPanel }

  const form = parseSessionForm(await readBoundedText(request, maxFormBytes))
  if (form === undefined) return services.reject(ctx, 'body-malformed')
  if (!(await viewer.verifyToken(form.token)))
    return services.reject(ctx, form.token === '' ? 'token-missing' : 'token-bad')

  return handleSessionForm(form, { strategy, env, context: eventContext, actor: viewer.user })
}

/**
 * Removes the report-only policy of the gateway's other pages from the response, since the console has a policy of its
 * own.
 */
function keepOwnPolicy(write: HeaderWriter): HeaderWriter {
  const writeConsoleHeaders: HeaderWriter = Object.assign(
    (response: Response, origin: Parameters<HeaderWriter>[1]): Response => {
      const securedResponse = write(response, origin)
      securedResponse.headers.delete('content-security-policy-report-only')
      return securedResponse
    },
    { nonces: write.nonces, fills: write.fills, nonceFor: write.nonceFor },
  )

  return writeConsoleHeaders
}

function createPolicy(nonce: string, ancestors: Ancestors): string {
  const pageNonce = nonceSource(nonce)

  return [
    "default-src 'none'",
    `script-src ${pageNonce}`,
    `style-src ${pageNonce}`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors '${ancestors}'`,
    "require-trusted-types-for 'script'",
    'trusted-types portcullis',
  ].join('; ')
}
