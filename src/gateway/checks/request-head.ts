/** What is asked of every request before its path matters: for whom it is, how it came, how large its head is. */

import { type Issues, wholeNumber } from '../../options/index.ts'
import { createHeaderFilter } from '../../proxy/request-headers.ts'
import {
  type BodyRules,
  bodyBounds,
  checkHttps,
  compileContentTypes,
  defaultBodyBytes,
  readHost,
  readUrlHost,
} from '../../request/index.ts'
import type { Reason } from '../../types.ts'
import type { CompiledGateway } from '../compile.ts'
import type { RequestContext } from '../request-context.ts'
import type { Route } from '../routes/route.ts'

/** Answers whatever the request says of its host and scheme: load balancers ask by address, over plain http. */
const exempt: ReadonlySet<string> = new Set(['/.portcullis/health', '/.portcullis/ready'])

/** Why a request goes no further, or where over https it is to come again; undefined where it may go on. */
export function validateRequestHead(
  plan: CompiledGateway,
  visit: RequestContext,
): { reason: Reason; location?: string } | undefined {
  const { request, settings, path } = visit
  if (readHost(request.headers).type === 'malformed') return { reason: 'host-malformed' }
  // Without settings nobody knows our name: such a request gets no further than its fault.
  if (settings !== undefined && !exempt.has(path)) {
    const host = readUrlHost(request.url)
    if (host !== settings.publicHost && !settings.hosts(host)) return { reason: 'host-unknown' }
    if (settings.https) {
      const verdict = checkHttps(request, plan.platform === 'none' ? undefined : plan.platform)
      if (!verdict.ok) {
        const { reason, redirect } = verdict
        if (!redirect) return { reason }
        // A host that routes name stays; a port of plain http is no port of https.
        const stays = plan.routes.hosted && host !== settings.publicHost && plan.routes.names(host)
        const origin = stays ? `https://${host}` : settings.publicOrigin
        return { reason, location: origin + path + visit.search }
      }
    }
  }
  if (plan.limits === undefined) return undefined
  // To look through all headers costs more than whatever is done about one of them: once is enough.
  const stops = createHeaderFilter(request.headers)
  const stopped: string[] = []
  const verdict = plan.limits(request, (name) => {
    if (stops(name)) stopped.push(name)
  })
  visit.stopped = stopped
  return verdict.ok ? undefined : { reason: verdict.reason }
}

/** Judges what a route says of bodies. */
export function compileBodyRules(
  { maxBodyBytes, contentTypes: types }: Route,
  issues: Issues,
): BodyRules {
  return {
    maxBytes: wholeNumber(issues, 'maxBodyBytes', maxBodyBytes, defaultBodyBytes, bodyBounds),
    types: types === undefined ? undefined : compileContentTypes(types, issues.at('contentTypes')),
  }
}
