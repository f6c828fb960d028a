/**
 * Collects the reports of browsers at `/.portcullis/reports`: one event for each blocked source.
 * `list.ts` creates the endpoint. Anybody can send reports, so it accepts little of each, throws
 * nothing, and stops emitting when there are too many.
 */
import type { Clock, Emit, SecurityEvent } from '../../types.ts'
import { readBoundedText } from './read-text.ts'

/** Takes the body of a report. Whatever it holds, nothing is thrown and nothing is answered. */
export type ReportCollector = (request: Request, publicOrigin: string | undefined) => Promise<void>

/** Bytes that are read of a body. */
const maxBytes = 16_384
/** Reports of one body. */
const maxReports = 20
/**
 * Distinct reports that are remembered, to report each once in ten minutes. When full, the oldest is
 * forgotten; `maxEventsPerMinute` limits a flood of different ones.
 */
const maxRemembered = 500
const repeatAfterMs = 600_000
/** Events of one minute and isolate: every client can send reports, and logs cost money. */
const maxEventsPerMinute = 60
const minuteMs = 60_000

/** Reports other than those of a policy that are worth an event, by the type browsers give them. */
const otherReportTypes: ReadonlySet<string> = new Set([
  'coep',
  'coop',
  'integrity-violation',
  'permissions-policy-violation',
])
/**
 * Keywords that stand for a source without an address (CSP Level 3 section 2.4.2, Trusted Types).
 */
const loggedKeywords: ReadonlySet<string> = new Set([
  'inline',
  'eval',
  'wasm-eval',
  'self',
  'trusted-types-policy',
  'trusted-types-sink',
])

/**
 * Creates a collector. A violation becomes an event `csp-report` whose subject is directive and
 * source, such as `img-src https://cdn.example`, and whose reason is `enforce` or `report`. Of an
 * address the event has only the origin. The same violation is reported again after ten minutes at
 * the earliest.
 */
export function createReportCollector(emit: Emit, clock: Clock): ReportCollector {
  const rememberedAt = new Map<string, number>()
  let windowStart: number | undefined
  let eventCount = 0

  function emitReport(event: SecurityEvent): void {
    const now = clock()
    const eventKey = `${event.type} ${event.reason} ${event.subject}`
    if (isWithin(repeatAfterMs, rememberedAt.get(eventKey), now)) return
    if (!isWithin(minuteMs, windowStart, now)) [windowStart, eventCount] = [now, 0]
    if (eventCount >= maxEventsPerMinute) return
    eventCount++
    rememberedAt.delete(eventKey)
    if (rememberedAt.size >= maxRemembered)
      rememberedAt.delete(rememberedAt.keys().next().value as string)

    rememberedAt.set(eventKey, now)
    emit(event)
  }

  return async function collect(request, publicOrigin) {
    const bodyText = await readBoundedText(request, maxBytes)
    for (const event of parseReports(bodyText, publicOrigin)) emitReport(event)
  }
}

/** Whether less than `periodMs` ms passed since a moment. A clock that went back to before it ends the span. */
function isWithin(periodMs: number, startedAt: number | undefined, now: number): boolean {
  return startedAt !== undefined && now >= startedAt && now - startedAt < periodMs
}

/** Parses a body in the form of the Reporting API or in that of `report-uri`. */
function parseReports(bodyText: string, publicOrigin: string | undefined): SecurityEvent[] {
  let parsedBody: unknown
  try {
    parsedBody = JSON.parse(bodyText)
  } catch {
    return []
  }

  const reports = Array.isArray(parsedBody) ? parsedBody.slice(0, maxReports) : [parsedBody]

  return reports.flatMap((report) => toEvent(new Map(entries(report)), publicOrigin) ?? [])
}

function toEvent(
  report: ReadonlyMap<string, unknown>,
  publicOrigin: string | undefined,
): SecurityEvent | undefined {
  const type = report.get('type')
  if (typeof type === 'string' && otherReportTypes.has(type))
    return { type: 'browser-report', reason: type }

  const cspReport = report.get('csp-report')
  if (type !== 'csp-violation' && cspReport === undefined) return undefined
  const body = new Map(entries(cspReport ?? report.get('body')))
  const directive =
    body.get('effectiveDirective') ??
    body.get('effective-directive') ??
    body.get('violated-directive')
  if (typeof directive !== 'string') return undefined
  const [directiveName = ''] = directive.slice(0, 64).split(' ', 1)
  const source = blockedSource(body.get('blockedURL') ?? body.get('blocked-uri'), publicOrigin)
  if (!/^[a-z-]{4,40}$/.test(directiveName) || source === undefined) return undefined
  return {
    type: 'csp-report',
    reason: body.get('disposition') === 'report' ? 'report' : 'enforce',
    subject: `${directiveName} ${source}`,
  }
}

/** The origin of an address, a scheme, or one of a few words: never a path or a query, which may hold what is secret. */
function blockedSource(blockedUri: unknown, publicOrigin: string | undefined): string | undefined {
  if (typeof blockedUri !== 'string') return undefined
  if (blockedUri === '') return 'inline'
  if (loggedKeywords.has(blockedUri)) return blockedUri
  // Older browsers send the scheme alone.
  if (/^[a-z][a-z\d+.-]{0,31}:?$/.test(blockedUri)) return `${blockedUri.replace(':', '')}:`
  if (blockedUri.length > 2048 || !URL.canParse(blockedUri)) return undefined
  const { origin, protocol, hostname } = new URL(blockedUri)
  if (origin === publicOrigin) return 'self'
  if (origin === 'null') return /^[a-z][a-z\d+.-]{0,31}:$/.test(protocol) ? protocol : undefined
  return hostname.length <= 253 ? origin : undefined
}

function entries(value: unknown): Array<[string, unknown]> {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}
