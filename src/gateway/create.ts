/**
 * Creates a gateway: an object with a `fetch` handler for requests and a `scheduled` handler for cron
 * triggers. Applications call `createGateway()` once, `gatewayOrRefuse` wraps that call, and the guard
 * for Vercel creates a gateway too. Creating it throws a `ConfigError` (`ERR_CONFIG`) for a wrong
 * configuration. `fetch` never rejects: an error of a request becomes the response that
 * `respond-to-error.ts` creates. After such an error, an error of writing the session is swallowed and
 * the error page is sent without it.
 */
import { setSitePages } from '../page/template/site-pages.ts'
import { discardBody } from '../proxy/fetch/fetch-upstream.ts'
import { compileClient, type UpstreamClient } from '../proxy/fetch/upstream-client.ts'
import { shareAsks } from '../redis/shared.ts'
import {
  clientAddress,
  findHeaders,
  findStatus,
  forgetHeaders,
  readRequestHead,
} from '../request/index.ts'
import type { ProjectEnv } from '../types.ts'
import { type CompiledGateway, compileGateway } from './compile.ts'
import type { GatewayConfig } from './config.ts'
import type { RequestContext } from './request-context.ts'

/** The context that the caller of a gateway passes with a request. */
export interface GatewayContext {
  /**
   * Keeps the isolate alive for work after the response, as on Workers: a login is counted although its client has
   * left.
   */
  waitUntil?(promise: Promise<unknown>): void
  /**
   * Sends requests to upstreams in place of the global `fetch`. It is ignored if the configuration has the option
   * `fetch`. See `portcullis/node`.
   */
  readonly upstream?: UpstreamClient | undefined
}

/** A gateway: a Worker exports it, and any server that handles Request objects can call it. */
export interface Gateway<E = ProjectEnv> {
  /** Handles a request. It never rejects: errors become responses. */
  fetch(request: Request, env?: E, context?: GatewayContext): Promise<Response>
  /**
   * Handles a cron trigger: probes upstreams and store, and notifies the receivers of the option
   * `uptime`. Never rejects.
   */
  scheduled(event?: unknown, env?: E, context?: unknown): Promise<void>
}

/**
 * Creates a gateway. Options with plain values are validated immediately, with all issues in one error. Options that
 * are functions of the environment are validated at the first request; a wrong value there gets 503 and one line in the
 * log.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * ```ts
 * const gateway = createGateway({
 *   publicOrigin: 'https://app.example.com',
 *   upstreams: { app: { url: 'http://10.0.0.7:3000' } },
 *   routes: [{ path: '/*', to: 'app', access: 'public' }],
 * })
 * export default gateway
 * ```
 */
export function createGateway<N extends string, Data extends object, E = ProjectEnv>(
  config: GatewayConfig<N, Data, E>,
): Gateway<E> {
  const gateway = compileGateway(config as unknown as GatewayConfig<string, never, never>)
  const { watch } = gateway

  return {
    async fetch(request, env, context): Promise<Response> {
      const ctx = createContext(gateway, request, env, context)
      watch.begin(ctx)
      gateway.events.listen(ctx)
      const resolving = resolveSettings(gateway, ctx)
      if (resolving !== undefined) await resolving
      const innerResponse = await respond(gateway, ctx)
      const { addRateLimits } = ctx.response
      const response =
        addRateLimits === undefined ? innerResponse : addRateLimits(forgetHeaders(innerResponse))

      // A handshake (101) gets no security headers: no page reads them, and in workerd a copy would lose the socket.
      const securedResponse =
        findStatus(response) === 101 ? response : secureResponse(ctx, response)

      // An app around the gateway may change the headers directly, so the cached headers must not be used any more.
      return forgetHeaders(watch.end(ctx, securedResponse))
    },
    scheduled: (_event, env) => gateway.runScheduled(env),
  }
}

function createContext(
  gateway: CompiledGateway,
  request: Request,
  env: unknown,
  context: GatewayContext | undefined,
): RequestContext {
  const { platform, upstreamFetch, batchesRedis, securityHeaders } = gateway
  if (gateway.pages !== undefined) setSitePages(request, gateway.pages)
  const head = readRequestHead(request)
  const ownClient = upstreamFetch.configured ? undefined : context?.upstream
  return {
    request,
    head,
    env: batchesRedis ? shareAsks(env) : env,
    invocation: { env, context },
    requestId: gateway.createRequestId(head.headers),
    eventContext: request,
    pages: gateway.pages,
    address: clientAddress(head.headers, platform),
    client: ownClient === undefined ? upstreamFetch.client : compileClient(ownClient),
    waitUntil: context?.waitUntil ? (promise) => context.waitUntil?.(promise) : undefined,
    settings: undefined,
    settingsError: undefined,
    path: '',
    search: '',
    strippedHeaders: undefined,
    session: undefined,
    eventTags: undefined,
    response: { headers: securityHeaders, nonce: undefined, addRateLimits: undefined },
    metrics: undefined,
  }
}

/**
 * Stores the settings of the environment on the context, before all other steps, since the security headers of every
 * response depend on them. An error is stored too; the first step that needs the settings throws it.
 */
function resolveSettings(gateway: CompiledGateway, ctx: RequestContext): Promise<void> | undefined {
  const setError = (error: unknown): void => {
    ctx.settingsError = error
  }

  try {
    const settings = gateway.resolveSettings(ctx.env)
    if (settings instanceof Promise) {
      return settings.then((resolvedSettings) => {
        ctx.settings = resolvedSettings
      }, setError)
    }
    ctx.settings = settings
  } catch (error) {
    setError(error)
  }
  return undefined
}

/**
 * Creates the response and writes the changes of the session to it. After an error, the error page gets only the
 * changes that were committed explicitly before.
 */
async function respond(gateway: CompiledGateway, ctx: RequestContext): Promise<Response> {
  let response: Response | undefined
  try {
    response = await gateway.handleRequest(ctx)
    const flushResult = ctx.session?.flush(response) ?? response
    return flushResult instanceof Promise ? await flushResult : flushResult
  } catch (error) {
    if (response !== undefined) discardBody(response)
    const { response: page, failed: hasFailed } = gateway.respondToError(ctx, error)
    try {
      return (await ctx.session?.flush(page, { failed: hasFailed })) ?? page
    } catch {
      return page
    }
  }
}

function secureResponse(
  { response: page, settings }: RequestContext,
  response: Response,
): Response {
  return page.headers(response, {
    https: settings?.https ?? false,
    host: settings?.publicHost ?? '',
    nonce: page.nonce,
    headers: findHeaders(response),
  })
}
