/**
 * Creates a gateway: from a configuration to a `fetch` handler. Applications call
 * `createGateway()` once. It throws a `ConfigError` for a wrong configuration; errors of a request
 * become responses in `respond-to-error.ts`.
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
  /** Keeps work going after the response, as on Workers: a login is settled although its client has disconnected. */
  waitUntil?(promise: Promise<unknown>): void
  /** Sends requests to upstreams instead of `fetch`, unless the configuration names a `fetch`; see `portcullis/node`. */
  readonly upstream?: UpstreamClient | undefined
}

/** A gateway: a Worker exports it, and any server of Requests can call it. */
export interface Gateway<E = ProjectEnv> {
  /** Handles every request; never rejects. */
  fetch(request: Request, env?: E, context?: GatewayContext): Promise<Response>
  /**
   * Handles a cron trigger: probes upstreams and store, and notifies the receivers of the option
   * `uptime`. Never rejects.
   */
  scheduled(event?: unknown, env?: E, context?: unknown): Promise<void>
}

/**
 * Creates a gateway. Everything that can be validated without a request is validated here, with all issues in one error. What
 * only the environment holds is validated at the first request; a wrong value there becomes 503 and one line in the log.
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

      // No page reads the headers of a handshake, and the response of workerd carries a socket.
      const securedResponse =
        findStatus(response) === 101 ? response : secureResponse(ctx, response)

      // An app around the gateway may change the headers directly.
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

/** Comes before everything else, since the security headers of every response depend on it. An error waits until it matters. */
function resolveSettings(gateway: CompiledGateway, ctx: RequestContext): Promise<void> | undefined {
  const setError = (error: unknown): void => {
    ctx.settingsError = error
  }

  try {
    const settings = gateway.resolveSettings(ctx.env)
    if (settings instanceof Promise) {
      return settings.then((settings) => {
        ctx.settings = settings
      }, setError)
    }
    ctx.settings = settings
  } catch (error) {
    setError(error)
  }
  return undefined
}

/** Creates the response and flushes the session to it; after an error only what was certain before. */
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
