/**
 * Parses the reports that browsers send to `/.portcullis/reports` and emits an event for each blocked
 * source. `list.ts` creates the collector, and the endpoint in `built-in.ts` calls it. Anybody can send
 * reports, so most of them may be dropped silently: malformed ones, bodies over 16,384 bytes, more than 20
 * reports in a body, repetitions within ten minutes, and more than 60 events in a minute. It never
 * rejects. The limits hold for one isolate.
 */
import type { Clock, Emit, SecurityEvent } from '../../types.ts'
import { readBoundedText } from './read-text.ts'

/** Reads the body of a request and emits events for its reports. It resolves for any body and never rejects. */
export type ReportCollector = (request: Request, publicOrigin: string | undefined) => Promise<void>

/** Maximum bytes of a body. A longer body is dropped. */
const maxBytes = 16_384
/** Maximum number of reports that are read from one body. */
const maxReports = 20
/**
 * Maximum number of distinct reports that are remembered, so that each is emitted once in ten minutes. Beyond it the
 * oldest is forgotten; `maxEventsPerMinute` limits a flood of different reports.
 */
const maxRemembered = 500
const repeatAfterMs = 600_000
/** Maximum number of events in a minute and isolate, since every client can send reports, and logs cost money. */
const maxEventsPerMinute = 60
const minuteMs = 60_000

/** Types of reports, besides violations of a content security policy, that become events. */
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
 * source, such as `img-src https://cdn.example`, and whose reason is `enforce` or `report`. The event
 * contains only the origin of a blocked address. The same violation is emitted again after ten
 * minutes at the earliest.
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

/**
 * Whether less than `periodMs` milliseconds have passed since `startedAt`; false if the clock was set back to before
 * it.
 */
function isWithin(periodMs: number, startedAt: number | undefined, now: number): boolean {
  return startedAt !== undefined && now >= startedAt && now - startedAt < periodMs
}

/** Parses a body in the format of the Reporting API or in that of the directive `report-uri`. */
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

/** Reduces a blocked address to its origin, its scheme or a keyword: a path or a query may contain secrets. */
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
