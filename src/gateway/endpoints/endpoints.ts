/** The gateway's own addresses, all under `/.portcullis/`: exact paths, never an upstream's. */
import { errorResponse } from '../../page/index.ts'
import { foldPath } from '../../request/index.ts'
import type { CompiledGateway } from '../compile.ts'
import { reportPath } from '../headers.ts'
import type { RequestContext } from '../request-context.ts'

/** Whether a canonical path is the gateway's own, also in spellings an upstream might take for it. */
export function isOwnPath(path: string): boolean {
  if (!path.startsWith('/.')) return false
  const folded = foldPath(path)
  return folded === '/.portcullis' || folded.startsWith('/.portcullis/')
}

/** Answers a request for one of them. */
export async function ownEndpoint(plan: CompiledGateway, visit: RequestContext): Promise<Response> {
  const { request, path, requestId } = visit
  if (path === reportPath) return collectReports(plan, visit)
  const answer = endpoints.get(path)
  // Somebody asks every few seconds; what is wrong is an event.
  if (visit.notes !== undefined && (answer === health || answer === ready)) visit.notes.quiet = true
  if (answer === undefined) return errorResponse('not-found', request, { requestId })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return errorResponse('method-not-allowed', request, {
      requestId,
      headers: [['Allow', 'GET, HEAD']],
    })
  }
  return (await answer(visit, plan)) ?? errorResponse('not-found', request, { requestId })
}

type Endpoint = (
  visit: RequestContext,
  plan: CompiledGateway,
) => Response | undefined | Promise<Response>

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/.portcullis/health', health],
  ['/.portcullis/ready', ready],
  ['/.portcullis/jwks.json', jwks],
])

/** That this isolate answers: it asks nobody, and says so whatever the environment holds. */
function health({ request }: RequestContext): Response {
  return json(request, '{"ok":true}', 'no-store')
}

/** Whether requests can be served. Never why not: that is for the log. */
async function ready(
  { request, settings, env }: RequestContext,
  { ops }: CompiledGateway,
): Promise<Response> {
  const ok = settings !== undefined && (await ops.isReady(env, settings))
  return json(request, `{"ok":${ok}}`, 'no-store', ok ? 200 : 503)
}

/** Verifiers fetch it once and again for a key they do not know; five minutes is how late they may learn of one less. */
function jwks({ request, settings, fault }: RequestContext): Response | undefined {
  if (settings === undefined) throw fault
  return settings.keys && json(request, settings.keys.jwks, 'public, max-age=300')
}

/** 204 whatever was sent: who sends nonsense learns nothing, and browsers do nothing with an answer. */
async function collectReports(
  { reports }: CompiledGateway,
  { request, settings, requestId }: RequestContext,
): Promise<Response> {
  if (request.method !== 'POST') {
    return errorResponse('method-not-allowed', request, { requestId, headers: [['Allow', 'POST']] })
  }
  await reports(request, settings?.publicOrigin)
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
}

function json(request: Request, body: string, cache: string, status = 200): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': cache }
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}
