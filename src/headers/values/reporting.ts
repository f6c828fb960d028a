/**
 * Compiles the header Reporting-Endpoints and the CSP directives report-to and report-uri, by which
 * browsers report violations. The header compiler calls it while options are compiled. It throws
 * nothing itself: a wrong name, an unknown option, and a URL that is neither https nor a path on
 * this origin, or has more than 512 characters, are added to the caller's list of issues.
 */
import { checkKeys, type Issues } from '../../options/index.ts'

/** An endpoint to which browsers send reports, named as in Hono. */
export interface ReportingEndpoint {
  /** The name by which `report-to` of a policy refers to the endpoint. */
  readonly name: string
  /** An https URL with a path, or a path on this origin. */
  readonly url: string
}

/** The value of the header, and the directives that make policies report. */
export interface Reporting {
  readonly header: string | undefined
  /** The directives to add to policies; empty where only endpoints are set. */
  readonly directives: ReadonlyArray<readonly [name: string, value: string]>
}

/**
 * The name of the endpoint of the option `reporting`. The name `default` would also receive reports
 * of crashes, deprecations and interventions.
 */
const ownEndpointName = 'portcullis'

/**
 * Validates the options `reporting`, one URL for all policies, and `reportingEndpoints`, names from
 * which policies choose.
 */
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

/**
 * Returns one member of the header, which is a dictionary whose keys are lower case and whose
 * values are strings (RFC 9651 section 3.2).
 */
function parseEndpoint(issues: Issues, listItem: unknown): string {
  checkKeys(issues, listItem, ['name', 'url'])
  const { name, url }: Partial<Record<keyof ReportingEndpoint, unknown>> = {
    ...(listItem as object),
  }

  if (typeof name !== 'string' || !/^[a-z*][a-z\d_.*-]{0,63}$/.test(name)) {
    issues.add(
      'name',
      'must begin with a lower-case letter or * and hold at most 64 of a-z, 0-9, _, -, . and *',
    )
  }

  if (!isEndpointUrl(url))
    issues.add('url', 'must be a path such as /reports, or an https URL with a path')
  return `${name}="${url}"`
}

/**
 * Reports whether a value is a path or an https URL without characters that would end a string, a
 * directive or a header.
 */
function isEndpointUrl(optionValue: unknown): optionValue is string {
  return (
    typeof optionValue === 'string' &&
    optionValue.length <= 512 &&
    /^(?:https:\/\/[\w.:[\]-]+)?\/(?!\/)[\w./?&=%~:@-]*$/.test(optionValue)
  )
}
