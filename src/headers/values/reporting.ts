/** Where browsers report what a policy refused: Reporting-Endpoints, and report-uri for browsers without it. */
import { checkKeys, type Issues } from '../../options/index.ts'

/** A place to report to, in Hono's words. */
export interface ReportingEndpoint {
  /** What `report-to` of a policy calls it. */
  readonly name: string
  /** An https address, or a path on this origin. */
  readonly url: string
}

/** The header, and what policies say so that something is sent. */
export interface Reporting {
  readonly header: string | undefined
  /** Directives of a policy, each with its value; none where only endpoints were named. */
  readonly directives: ReadonlyArray<readonly [name: string, value: string]>
}

/** The name of our own endpoint. Not `default`, to which browsers report crashes, deprecations and interventions too. */
const own = 'portcullis'

/** Judges `reporting`, one address for every policy, and `reportingEndpoints`, names that policies choose from. */
export function compileReporting(issues: Issues, address: unknown, endpoints: unknown): Reporting {
  const list: unknown[] =
    endpoints === undefined || endpoints === null || endpoints === false ? [] : toList(endpoints)
  const named = list.map((item) => parseEndpoint(issues.at('reportingEndpoints'), item))

  if (address === undefined || address === null || address === false) {
    return { header: named.join(', ') || undefined, directives: [] }
  }

  if (!isEndpointUrl(address)) {
    issues.add('reporting', 'must be a path on this origin or an https address')
    return { header: undefined, directives: [] }
  }

  const all = [`${own}="${address}"`, ...named]
  return {
    header: all.join(', '),
    directives: [
      ['report-uri', address],
      ['report-to', own],
    ],
  }
}

function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** RFC 9651 section 3.2: a dictionary whose keys are lower case and whose values are strings. */
function parseEndpoint(issues: Issues, item: unknown): string {
  checkKeys(issues, item, ['name', 'url'])
  const { name, url }: Partial<Record<keyof ReportingEndpoint, unknown>> = { ...(item as object) }

  if (typeof name !== 'string' || !/^[a-z*][a-z\d_.*-]{0,63}$/.test(name)) {
    issues.add('name', 'must be of lower-case letters, digits, _, -, . and *')
  }

  if (!isEndpointUrl(url)) issues.add('url', 'must be a path on this origin or an https address')
  return `${name}="${url}"`
}

/** Nothing that ends a string, a directive or a header. */
function isEndpointUrl(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 512 &&
    /^(?:https:\/\/[\w.:[\]-]+)?\/(?!\/)[\w./?&=%~:@-]*$/.test(value)
  )
}
