/** The gateway: from a configuration to a `fetch` handler. */
import { errorResponse, findReason, reasonStatus } from '../page/index.ts'
import { discardBody } from '../proxy/fetch-upstream.ts'
import { compileClient, type UpstreamClient } from '../proxy/upstream-client.ts'
import { shareAsks } from '../redis/shared.ts'
import type { ProjectEnv } from '../types.ts'
import { type CompiledGateway, compileGateway } from './compile.ts'
import type { GatewayConfig } from './config.ts'
import { runScheduled } from './endpoints/scheduled.ts'
import { handleRequest } from './handle-route.ts'
import type { RequestContext } from './request-context.ts'
import { beginWatch, endWatch, recordError } from './watch.ts'

/** What whoever calls a gateway hands over with a request. */
export interface GatewayContext {
  /** Keeps work going after the answer, as Workers offer it: a login is settled though its client has left. */
  waitUntil?(work: Promise<unknown>): void
  /** Reaches the upstreams instead of `fetch`, unless the configuration names a `fetch`; see `portcullis/node`. */
  readonly upstream?: UpstreamClient | undefined
}

/** What a Worker exports, and what any server of Requests can call. */
export interface Gateway<E = ProjectEnv> {
  /** Answers every request; never rejects. */
  fetch(request: Request, env?: E, context?: GatewayContext): Promise<Response>
  /** What a cron trigger starts: a look at upstreams and store, where the option `uptime` says who is told. Never rejects. */
  scheduled(event?: unknown, env?: E, context?: unknown): Promise<void>
}

/**
 * Makes a gateway. Everything that can be judged without a request is judged here, with all faults in one error; what only
 * the environment knows at the first request, which a wrong value turns into 503 and one line in the log.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function createGateway<N extends string, Data extends object, E = ProjectEnv>(
  config: GatewayConfig<N, Data, E>,
): Gateway<E> {
  const plan = compileGateway(config as unknown as GatewayConfig<string, never, never>)
  return {
    async fetch(request, env, context): Promise<Response> {
      // What is counted, and what is kept of a session, can then travel together.
      const shared = plan.shares ? shareAsks(env) : env
      const requestId = plan.ops.requestId(request.headers)
      const brought = plan.ownFetch ? undefined : context?.upstream
      const client = brought === undefined ? plan.client : compileClient(brought)
      const visit: RequestContext = {
        request,
        env: shared,
        requestId,
        client,
        path: '',
        search: '',
      }
      if (context?.waitUntil) visit.waitUntil = (work) => context.waitUntil?.(work)
      beginWatch(plan, visit)
      await resolveSettings(plan, visit)
      const answered = await respond(plan, visit)
      const response = visit.decorate?.(answered) ?? answered
      // What a handshake says is read by no page, and workerd's carries a socket.
      if (response.status === 101) return endWatch(plan, visit, response)
      const { settings } = visit
      const secured = (visit.secure ?? plan.secure)(response, {
        https: settings?.https ?? false,
        host: settings?.publicHost ?? '',
        nonce: visit.nonce,
      })
      return endWatch(plan, visit, secured)
    },
    scheduled: (_event, env) => runScheduled(plan, env),
  }
}

/** Before anything else, since the security headers of every answer depend on it. A fault waits until an answer needs it. */
async function resolveSettings(plan: CompiledGateway, visit: RequestContext): Promise<void> {
  try {
    const found = plan.settings(visit.env)
    visit.settings = found instanceof Promise ? await found : found
  } catch (error) {
    visit.fault = error
  }
}

/** The session is settled on whatever the answer is; after a fault with only what was certain before it. */
async function respond(plan: CompiledGateway, visit: RequestContext): Promise<Response> {
  let response: Response | undefined
  try {
    response = await handleRequest(plan, visit)
    return visit.session === undefined ? response : await visit.session.flush(response)
  } catch (error) {
    if (response) discardBody(response)
    const page = errorPage(plan, visit, error)
    try {
      return (await visit.session?.flush(page, { failed: true })) ?? page
    } catch {
      return page
    }
  }
}

function errorPage(
  plan: CompiledGateway,
  { request, requestId, path, notes }: RequestContext,
  error: unknown,
): Response {
  const reason = findReason(error)
  if (notes !== undefined) recordError(notes, reason, error)
  // A client that left is no fault of ours, and nobody reads the answer.
  if (reasonStatus(reason) >= 500 && !request.signal.aborted) {
    plan.report(error, { requestId, method: request.method, path })
  }
  return errorResponse(reason, request, { requestId })
}
