/** Options of a server: validated once, with defaults that are named here. */
import { checkKeys, createIssues, type Issues, parseWholeNumber } from '../src/options/index.ts'
import type { UpstreamOptions } from './upstream.ts'

/** How a gateway is served. */
export interface ServeOptions<E = unknown> {
  /** Default 3000; 0 selects a free one. */
  readonly port?: number
  /** Address to listen on. Default `127.0.0.1`: a container needs `0.0.0.0`. */
  readonly host?: string
  /** The environment: `c.env` of `FromEnv` functions. Default `process.env`. */
  readonly env?: E
  /**
   * Number of your own proxies in front, each of which appends to `X-Forwarded-For` and sets `X-Forwarded-Proto`. Default 0: the
   * peer of the connection is the client. At most 16.
   */
  readonly trustedProxies?: number
  /** Milliseconds for the head of a request; then 408. Default 10,000. */
  readonly headersTimeoutMs?: number
  /** Bytes of the head of a request; then 431. Default 65,536. Must be above the gateway's own limits. */
  readonly maxHeaderBytes?: number
  /** Bytes a second that a body must bring on average, once `bodyGraceMs` are over; then 400. Default 500; 0 for no limit. */
  readonly minBodyBytesPerSecond?: number
  /** Milliseconds until {@link minBodyBytesPerSecond} counts. Default 10,000. */
  readonly bodyGraceMs?: number
  /** Milliseconds that a client may take nothing of a response while bytes wait for it. Default 120,000. */
  readonly drainTimeoutMs?: number
  /** Milliseconds that an idle connection is kept: more than a load balancer in front keeps it. Default 65,000. */
  readonly keepAliveTimeoutMs?: number
  /** Connections at a time; more are closed as they come. Default 10,000. */
  readonly maxConnections?: number
  /** Milliseconds that an end of a WebSocket has to close its connection after a close frame. Default 5,000. */
  readonly closeTimeoutMs?: number
  /** Milliseconds that running requests have once the server stops. Default 30,000. */
  readonly stopTimeoutMs?: number
  /** Signals that stop the server. Default `['SIGTERM', 'SIGINT']`; false for none. */
  readonly signals?: readonly NodeJS.Signals[] | false
  /** How upstreams are reached. */
  readonly upstream?: UpstreamOptions
  /** Receives errors outside the gateway. Default: a line of JSON on `console.error`. */
  readonly onFault?: (error: unknown) => void
}

/** Every option with a value. */
export type CompiledOptions = Required<Omit<ServeOptions, 'upstream'>> & {
  readonly upstream: Required<UpstreamOptions>
}

const keys: ReadonlyArray<keyof ServeOptions> = [
  'port',
  'host',
  'env',
  'trustedProxies',
  'headersTimeoutMs',
  'maxHeaderBytes',
  'minBodyBytesPerSecond',
  'bodyGraceMs',
  'drainTimeoutMs',
  'keepAliveTimeoutMs',
  'maxConnections',
  'closeTimeoutMs',
  'stopTimeoutMs',
  'signals',
  'upstream',
  'onFault',
]

const milliseconds = { min: 1, max: 600_000, unit: 'milliseconds' } as const

/**
 * Validates the options of `serve`.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function compileOptions(options: ServeOptions): CompiledOptions {
  const faults = createIssues('')
  checkKeys(faults, options, keys)
  const given: ServeOptions = typeof options === 'object' && options !== null ? options : {}
  const upstream = faults.at('upstream')
  if (given.upstream !== undefined)
    checkKeys(upstream, given.upstream, ['keepAliveMs', 'maxHeaderBytes'])
  const time = (name: keyof ServeOptions, value: number | undefined, byDefault: number): number =>
    parseWholeNumber(faults, name, value, milliseconds) ?? byDefault
  const compiled: CompiledOptions = {
    port: parseWholeNumber(faults, 'port', given.port, { min: 0, max: 65_535, unit: '' }) ?? 3000,
    host: readHost(given.host, faults),
    env: given.env ?? process.env,
    trustedProxies:
      parseWholeNumber(faults, 'trustedProxies', given.trustedProxies, {
        min: 0,
        max: 16,
        unit: 'proxies',
      }) ?? 0,
    headersTimeoutMs: time('headersTimeoutMs', given.headersTimeoutMs, 10_000),
    maxHeaderBytes:
      parseWholeNumber(faults, 'maxHeaderBytes', given.maxHeaderBytes, headBytes) ?? 65_536,
    minBodyBytesPerSecond:
      parseWholeNumber(faults, 'minBodyBytesPerSecond', given.minBodyBytesPerSecond, {
        min: 0,
        max: 1_048_576,
        unit: 'bytes a second',
      }) ?? 500,
    bodyGraceMs: time('bodyGraceMs', given.bodyGraceMs, 10_000),
    drainTimeoutMs: time('drainTimeoutMs', given.drainTimeoutMs, 120_000),
    keepAliveTimeoutMs: time('keepAliveTimeoutMs', given.keepAliveTimeoutMs, 65_000),
    maxConnections:
      parseWholeNumber(faults, 'maxConnections', given.maxConnections, {
        min: 1,
        max: 1_000_000,
        unit: 'connections',
      }) ?? 10_000,
    closeTimeoutMs: time('closeTimeoutMs', given.closeTimeoutMs, 5000),
    stopTimeoutMs: time('stopTimeoutMs', given.stopTimeoutMs, 30_000),
    signals: given.signals ?? ['SIGTERM', 'SIGINT'],
    upstream: {
      keepAliveMs:
        parseWholeNumber(upstream, 'keepAliveMs', given.upstream?.keepAliveMs, milliseconds) ??
        4000,
      maxHeaderBytes:
        parseWholeNumber(upstream, 'maxHeaderBytes', given.upstream?.maxHeaderBytes, headBytes) ??
        262_144,
    },
    onFault: given.onFault ?? reportFault,
  }
  faults.throwIfAny()
  return compiled
}

const headBytes = { min: 4096, max: 1_048_576, unit: 'bytes' } as const

function readHost(given: unknown, faults: Issues): string {
  if (given === undefined) return '127.0.0.1'
  if (typeof given === 'string' && given !== '') return given
  faults.add('host', 'must be an address to listen on, such as 0.0.0.0')
  return ''
}

function reportFault(error: unknown): void {
  const { message, code } = error as { message?: string; code?: string }
  console.error(JSON.stringify({ level: 'error', message: message ?? `${error}`, code }))
}
