/** Where browsers report what a policy refused: Reporting-Endpoints, and report-uri for browsers without it. */
import { checkKeys, type Faults } from '../options/index.ts'

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
export function reporting(faults: Faults, address: unknown, endpoints: unknown): Reporting {
  const list: unknown[] = endpoints === undefined || endpoints === null || endpoints === false ? [] : listOf(endpoints)
  const named = list.map((item) => member(faults.under('reportingEndpoints'), item))
  if (address === undefined || address === null || address === false) {
    return { header: named.join(', ') || undefined, directives: [] }
  }
  if (!isAddress(address)) {
    faults.add('reporting', 'must be a path on this origin or an https address')
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

function listOf(given: unknown): unknown[] {
  return Array.isArray(given) ? given : [given]
}

/** RFC 9651 section 3.2: a dictionary whose keys are lower case and whose values are strings. */
function member(faults: Faults, item: unknown): string {
  checkKeys(faults, item, ['name', 'url'])
  const { name, url }: Partial<Record<keyof ReportingEndpoint, unknown>> = { ...(item as object) }
  if (typeof name !== 'string' || !/^[a-z*][a-z\d_.*-]{0,63}$/.test(name)) {
    faults.add('name', 'must be of lower-case letters, digits, _, -, . and *')
  }
  if (!isAddress(url)) faults.add('url', 'must be a path on this origin or an https address')
  return `${name}="${url}"`
}

/** Nothing that ends a string, a directive or a header. */
function isAddress(given: unknown): given is string {
  return (
    typeof given === 'string' &&
    given.length <= 512 &&
    /^(?:https:\/\/[\w.:[\]-]+)?\/(?!\/)[\w./?&=%~:@-]*$/.test(given)
  )
}
