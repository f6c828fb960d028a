/**
 * Compiles Reporting-Endpoints, and the directives report-to and report-uri of policies.
 * `compile.ts` calls it while building. A wrong name, an unknown option, and a URL that is neither
 * https nor a path on this origin (512 characters at most) are reported as issues.
 */
import { checkKeys, type Issues } from '../../options/index.ts'

/** An endpoint that browsers report to, named as in Hono. */
export interface ReportingEndpoint {
  /** The name that `report-to` of a policy refers to. */
  readonly name: string
  /** An https URL with a path, or a path on this origin. */
  readonly url: string
}

/** The header, and the directives that make policies report. */
export interface Reporting {
  readonly header: string | undefined
  /** Directives to add to policies; empty where only endpoints were named. */
  readonly directives: ReadonlyArray<readonly [name: string, value: string]>
}

/** The name of the endpoint of the option `reporting`. The name `default` would also receive crashes, deprecations and interventions. */
const ownEndpointName = 'portcullis'

/** Validates `reporting`, one URL for every policy, and `reportingEndpoints`, names that policies choose from. */
export function compileReporting(issues: Issues, address: unknown, endpoints: unknown): Reporting {
  const list: unknown[] =
    endpoints === undefined || endpoints === null || endpoints === false ? [] : toList(endpoints)
  const endpointItems = list.map((listItem) =>
    parseEndpoint(issues.at('reportingEndpoints'), listItem),
  )

  if (address === undefined || address === null || address === false) {
    return { header: endpointItems.join(', ') || undefined, directives: [] }
  }

  if (!isEndpointUrl(address)) {
    issues.add('reporting', 'must be a path such as /reports, or an https URL with a path')
    return { header: undefined, directives: [] }
  }

  const items = [`${ownEndpointName}="${address}"`, ...endpointItems]
  return {
    header: items.join(', '),
    directives: [
      ['report-uri', address],
      ['report-to', ownEndpointName],
    ],
  }
}

function toList(optionValue: unknown): unknown[] {
  return Array.isArray(optionValue) ? optionValue : [optionValue]
}

/** RFC 9651 section 3.2: a dictionary whose keys are lower case and whose values are strings. */
function parseEndpoint(issues: Issues, listItem: unknown): string {
  checkKeys(issues, listItem, ['name', 'url'])
  const { name, url }: Partial<Record<keyof ReportingEndpoint, unknown>> = {
    ...(listItem as object),
  }

  if (typeof name !== 'string' || !/^[a-z*][a-z\d_.*-]{0,63}$/.test(name)) {
    issues.add(
      'name',
      'must be 1 to 64 lower-case letters, digits, _, -, . and *, a letter or * first',
    )
  }

  if (!isEndpointUrl(url))
    issues.add('url', 'must be a path such as /reports, or an https URL with a path')
  return `${name}="${url}"`
}

/** Checks for a path or an https URL without characters that would end a string, a directive or a header. */
function isEndpointUrl(optionValue: unknown): optionValue is string {
  return (
    typeof optionValue === 'string' &&
    optionValue.length <= 512 &&
    /^(?:https:\/\/[\w.:[\]-]+)?\/(?!\/)[\w./?&=%~:@-]*$/.test(optionValue)
  )
}
