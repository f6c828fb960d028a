/**
 * Validates the options of `telemetry()`, adds the defaults, and creates the function that finds
 * the export target at a request. `telemetry()` calls it while it is built; the collector uses the
 * settings. All invalid options are reported in one `ConfigError`. An endpoint or header that comes
 * from the environment is validated at each export, where an invalid one throws `ERR_CONFIG`; the
 * export is skipped then.
 */
import {
  booleanOption,
  checkKeys,
  createIssues,
  type Issues,
  parseChoice,
  parseWholeNumber,
  resolveFrom,
  withoutSlashAtEnd,
} from '../../options/index.ts'
import type { Clock, FromEnv, ProjectEnv } from '../../types.ts'
import type { ExportTarget } from './exporter.ts'
import type { Resource } from './otlp.ts'

/** Options of `telemetry()`. */
export interface TelemetryOptions<E = ProjectEnv> {
  /**
   * The base URL of an OTLP/HTTP collector, such as `https://otlp.example.com`; `/v1/traces` and
   * `/v1/metrics` are appended. If it is absent, or a function returns undefined, nothing is sent,
   * and `Telemetry.prometheus` still works.
   */
  readonly endpoint?: FromEnv<string, E>
  /** Headers of every export, such as `{ authorization: 'Bearer …' }`. Default none. */
  readonly headers?: FromEnv<Readonly<Record<string, string>>, E>
  /** The attribute `service.name` of the resource. Default `portcullis`. */
  readonly service?: string
  /** Further attributes of the resource, such as `deployment.environment.name`. Default none. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
  /** Sends spans. Default true. Only sampled traces are sent; see the option `trace` of the monitor. */
  readonly traces?: boolean
  /** Sends metrics. Default true. */
  readonly metrics?: boolean
  /**
   * `delta` (default) sends the counts since the last export. Isolates start and end often, and
   * with sums each would be a separate series. `cumulative` is for one long-lived process, and for
   * a Prometheus that receives OTLP.
   */
  readonly temporality?: 'delta' | 'cumulative'
  /**
   * Seconds between exports, 1 to 300. Default 10. An export starts with the first request after
   * this time.
   */
  readonly interval?: number
  /**
   * The most spans that wait for an export, 64 to 65,536. Further ones are dropped and counted.
   * Default 2,048, as in OpenTelemetry's SDK.
   */
  readonly maxQueue?: number
  /** The time limit of one export in ms, 100 to 30,000. Default 5,000. */
  readonly timeoutMs?: number
  /** The function that exports, for tests and service bindings. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Returns the current time in ms, for tests. Default `Date.now`. */
  readonly clock?: Clock
}

const optionNames: ReadonlyArray<keyof TelemetryOptions> = [
  'endpoint',
  'headers',
  'service',
  'resource',
  'traces',
  'metrics',
  'temporality',
  'interval',
  'maxQueue',
  'timeoutMs',
  'fetch',
  'clock',
]

/** The validated options. */
export interface TelemetrySettings {
  readonly hasEndpoint: boolean
  readonly resolveTarget: (env: unknown) => ExportTarget | undefined
  readonly resource: Resource
  readonly traces: boolean
  readonly metrics: boolean
  readonly temporality: 'delta' | 'cumulative'
  readonly interval: number
  readonly maxQueue: number
  readonly timeoutMs: number
  readonly fetch: typeof fetch
  readonly clock: Clock
}

/**
 * Validates options and adds the defaults.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function parseTelemetryOptions(options: TelemetryOptions<never>): TelemetrySettings {
  const issues = createIssues('telemetry')
  checkKeys(issues, options, optionNames)

  const { endpoint, headers, service = 'portcullis', resource = {} } = options
  const { fetch: send = (input, requestInit) => fetch(input, requestInit) } = options

  if (typeof service !== 'string' || service === '')
    issues.add('service', 'must be a non-empty name')

  const { clock = Date.now } = options
  if (typeof send !== 'function') issues.add('fetch', 'must be a function')
  if (typeof clock !== 'function') issues.add('clock', 'must be a function')
  validateResource(resource, issues)

  const settings: TelemetrySettings = {
    hasEndpoint: endpoint !== undefined,
    resolveTarget: createTargetResolver(endpoint, headers, issues),
    resource: { ...resource, 'service.name': service },
    traces: booleanOption(issues, 'traces', options.traces, true),
    metrics: booleanOption(issues, 'metrics', options.metrics, true),
    temporality:
      parseChoice(issues, 'temporality', options.temporality, ['delta', 'cumulative']) ?? 'delta',
    interval:
      parseWholeNumber(issues, 'interval', options.interval, {
        min: 1,
        max: 300,
        unit: 'seconds',
      }) ?? 10,
    maxQueue:
      parseWholeNumber(issues, 'maxQueue', options.maxQueue, {
        min: 64,
        max: 65536,
        unit: 'spans',
      }) ?? 2048,
    timeoutMs:
      parseWholeNumber(issues, 'timeoutMs', options.timeoutMs, {
        min: 100,
        max: 30000,
        unit: 'milliseconds',
      }) ?? 5000,
    fetch: send,
    clock,
  }

  issues.throwIfAny()

  return settings
}

function validateResource(resource: unknown, issues: Issues): void {
  const isFlat =
    typeof resource === 'object' &&
    resource !== null &&
    Object.values(resource).every((attributeValue) =>
      /^(?:string|number|boolean)$/.test(typeof attributeValue),
    )
  if (!isFlat) issues.add('resource', 'must be an object of strings, numbers and booleans')
}

function createTargetResolver(
  endpoint: TelemetryOptions<never>['endpoint'],
  headers: TelemetryOptions<never>['headers'],
  issues: Issues,
): (env: unknown) => ExportTarget | undefined {
  if (endpoint === undefined) return () => undefined

  const resolveHeaders = resolveFrom(issues, 'headers', headers ?? {}, parseHeaders)
  if (typeof endpoint !== 'function') {
    const endpointUrl = parseEndpoint(endpoint, issues.at('endpoint'))
    return (env) => ({ endpoint: endpointUrl, headers: resolveHeaders(env) })
  }

  const readEndpoint = endpoint as (c: { env: unknown }) => string | undefined
  const resolveUrl = resolveFrom(
    issues,
    'endpoint',
    readEndpoint as FromEnv<string, never>,
    parseEndpoint,
  )

  return (env) => {
    if (readEndpoint({ env }) === undefined) return undefined
    return { endpoint: resolveUrl(env), headers: resolveHeaders(env) }
  }
}

function parseEndpoint(endpointOption: string, issues: Issues): string {
  const endpointUrl =
    typeof endpointOption === 'string' && URL.canParse(endpointOption)
      ? new URL(endpointOption)
      : undefined
  const isHttpUrl = endpointUrl !== undefined && /^https?:$/.test(endpointUrl.protocol)

  if (
    !isHttpUrl ||
    endpointUrl.username !== '' ||
    endpointUrl.password !== '' ||
    endpointUrl.search !== '' ||
    endpointUrl.hash !== ''
  ) {
    issues.add('', 'must be an http or https URL without user name, password, query and fragment')
    return ''
  }

  return withoutSlashAtEnd(endpointUrl.href)
}

function parseHeaders(
  headersOption: Readonly<Record<string, string>>,
  issues: Issues,
): Readonly<Record<string, string>> {
  try {
    // The platform validates names and values. Its own message is not used, because it may quote a
    // secret value.
    return Object.fromEntries(new Headers(headersOption))
  } catch {
    issues.add('', 'must be an object of valid HTTP header names and values')
    return {}
  }
}
