/**
 * The endpoints that every gateway has: health, readiness, keys and reports. `list.ts` adds them,
 * and `handle-request.ts` runs them before routing. Readiness answers 503 where the environment or
 * a probe is at fault.
 */
import { reportPath } from '../config/merge-headers.ts'
import type { RequestContext } from '../request-context.ts'
import type { Endpoint } from './endpoint.ts'
import type { IsReady } from './ready.ts'
import type { ReportCollector } from './reports.ts'

const readMethods = ['GET', 'HEAD'] as const

/** Creates them. */
export function createBuiltInEndpoints(
  isReady: IsReady,
  collectReports: ReportCollector,
): readonly Endpoint[] {
  return [
    {
      // It does no I/O, and responds whatever the environment holds.
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
      // Whatever was sent: browsers ignore the response, and other senders learn nothing.
      async handle({ request, settings }) {
        await collectReports(request, settings?.publicOrigin)
        return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
      },
    },
  ]
}

/** Verifiers fetch the keys once, and again for a key that they do not know. A removed key is trusted for five minutes more. */
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
