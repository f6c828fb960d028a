/**
 * Creates the endpoints that every gateway has under `/.portcullis/`: health, readiness, the public keys
 * of assertions, and the receiver of browser reports. `list.ts` adds them to the endpoints of a gateway,
 * and `endpoint.ts` calls their handlers. Readiness responds with 503 if a probe fails or the environment
 * is invalid, and never says why. The keys are 404 without the option `assertion`. Reports always get 204,
 * also malformed ones.
 */
import { reportPath } from '../config/merge-headers.ts'
import type { RequestContext } from '../request-context.ts'
import type { Endpoint } from './endpoint.ts'
import type { IsReady } from './ready.ts'
import type { ReportCollector } from './reports.ts'

const readMethods = ['GET', 'HEAD'] as const

/** Creates the endpoints for health, readiness, keys and reports. */
export function createBuiltInEndpoints(
  isReady: IsReady,
  collectReports: ReportCollector,
): readonly Endpoint[] {
  return [
    {
      // It does no I/O and does not read the environment, so it responds even if that is invalid.
      path: '/.portcullis/health',
      methods: readMethods,
      anyHost: true,
      quiet: true,
      handle: ({ request }) => jsonResponse(request, '{"ok":true}', 'no-store'),
    },
    {
      // The response never says why the gateway is not ready; an event does.
      path: '/.portcullis/ready',
      methods: readMethods,
      anyHost: true,
      quiet: true,
      async handle({ request, settings, env }) {
        const isHealthy = settings !== undefined && (await isReady(env, settings))
        return jsonResponse(request, `{"ok":${isHealthy}}`, 'no-store', isHealthy ? 200 : 503)
      },
    },
    { path: '/.portcullis/jwks.json', methods: readMethods, handle: respondWithKeys },
    {
      path: reportPath,
      methods: ['POST'],
      // The response is the same for every body: browsers ignore it, and other senders learn nothing from it.
      async handle({ request, settings }) {
        await collectReports(request, settings?.publicOrigin)
        return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
      },
    },
  ]
}

/**
 * Responds with the public keys. Verifiers fetch them once, and again when they meet an unknown key. Caches may keep
 * the response, so a removed key is trusted for up to five minutes more.
 */
function respondWithKeys(ctx: RequestContext): Response | undefined {
  const { request, settings } = ctx
  if (settings === undefined) throw ctx.settingsError
  return settings.keys && jsonResponse(request, settings.keys.jwks, 'public, max-age=300')
}

function jsonResponse(
  request: Request,
  body: string,
  cacheControl: string,
  status = 200,
): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': cacheControl }
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}
