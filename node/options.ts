/**
 * Defines and validates the options of `serve()`, with their defaults. `serve()`,
 * `toNodeHandler()`, `expressMiddleware()` and `fastifyHook()` call it while they are built. All
 * wrong options are reported in one `ConfigError`. `signals` and `onFault` are not validated here.
 */
import { checkKeys, createIssues, type Issues, parseWholeNumber } from '../src/options/index.ts'
import type { UpstreamOptions } from './upstream.ts'

/** The options of `serve()`. */
export interface ServeOptions<E = unknown> {
  /** The port to listen on. Default 3000; 0 selects a free one. */
  readonly port?: number
  /** The address to listen on. Default `127.0.0.1`; a container needs `0.0.0.0`. */
  readonly host?: string
  /**
   * The environment, which options that are functions receive as `c.env`. Default `process.env`.
   */
  readonly env?: E
  /**
   * The number of your own proxies in front, each of which appends to `X-Forwarded-For` and sets
   * `X-Forwarded-Proto`. Default 0: the peer of the connection is the client. At most 16.
   */
  readonly trustedProxies?: number
  /** The time limit for the head of a request in ms, after which it gets 408. Default 10,000. */
  readonly headersTimeoutMs?: number
  /**
   * The most bytes of the head of a request; more gets 431. Default 65,536. It must be above the
   * gateway's own limits.
   */
  readonly maxHeaderBytes?: number
  /**
   * The least average rate of a request's body in bytes per second, checked after `bodyGraceMs`; a
   * slower one gets 400. Default 500; 0 for no limit.
   */
  readonly minBodyBytesPerSecond?: number
  /** The ms after which {@link minBodyBytesPerSecond} is checked. Default 10,000. */
  readonly bodyGraceMs?: number
  /**
   * The ms for which a client may accept no bytes of a response while bytes wait for it. Default
   * 120,000.
   */
  readonly drainTimeoutMs?: number
  /**
   * The ms for which an idle connection is kept open. It should be longer than a load balancer in
   * front keeps it. Default 65,000.
   */
  readonly keepAliveTimeoutMs?: number
  /** The most connections at a time; further ones are closed immediately. Default 10,000. */
  readonly maxConnections?: number
  /**
   * The ms that an end of a WebSocket has to close its connection after a close frame. Default
   * 5,000.
   */
  readonly closeTimeoutMs?: number
  /** The ms that running requests have to finish after the server began to stop. Default 30,000. */
  readonly stopTimeoutMs?: number
  /** Signals that stop the server. Default `['SIGTERM', 'SIGINT']`; false for none. */
  readonly signals?: readonly NodeJS.Signals[] | false
  /** Options of connections to upstreams. */
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
  const issues = createIssues('')
  checkKeys(issues, options, keys)
  const input: ServeOptions = typeof options === 'object' && options !== null ? options : {}
  const upstream = issues.at('upstream')
  if (input.upstream !== undefined)
    checkKeys(upstream, input.upstream, ['keepAliveMs', 'maxHeaderBytes'])
  const parseTime = (
    name: keyof ServeOptions,
    value: number | undefined,
    defaultMs: number,
  ): number => parseWholeNumber(issues, name, value, milliseconds) ?? defaultMs
  const compiled: CompiledOptions = {
    port: parseWholeNumber(issues, 'port', input.port, { min: 0, max: 65_535, unit: '' }) ?? 3000,
    host: readHost(input.host, issues),
    env: input.env ?? process.env,
    trustedProxies:
      parseWholeNumber(issues, 'trustedProxies', input.trustedProxies, {
        min: 0,
        max: 16,
        unit: 'proxies',
      }) ?? 0,
    headersTimeoutMs: parseTime('headersTimeoutMs', input.headersTimeoutMs, 10_000),
    maxHeaderBytes:
      parseWholeNumber(issues, 'maxHeaderBytes', input.maxHeaderBytes, headBytes) ?? 65_536,
    minBodyBytesPerSecond:
      parseWholeNumber(issues, 'minBodyBytesPerSecond', input.minBodyBytesPerSecond, {
        min: 0,
        max: 1_048_576,
        unit: 'bytes a second',
      }) ?? 500,
    bodyGraceMs: parseTime('bodyGraceMs', input.bodyGraceMs, 10_000),
    drainTimeoutMs: parseTime('drainTimeoutMs', input.drainTimeoutMs, 120_000),
    keepAliveTimeoutMs: parseTime('keepAliveTimeoutMs', input.keepAliveTimeoutMs, 65_000),
    maxConnections:
      parseWholeNumber(issues, 'maxConnections', input.maxConnections, {
        min: 1,
        max: 1_000_000,
        unit: 'connections',
      }) ?? 10_000,
    closeTimeoutMs: parseTime('closeTimeoutMs', input.closeTimeoutMs, 5000),
    stopTimeoutMs: parseTime('stopTimeoutMs', input.stopTimeoutMs, 30_000),
    signals: input.signals ?? ['SIGTERM', 'SIGINT'],
    upstream: {
      keepAliveMs:
        parseWholeNumber(upstream, 'keepAliveMs', input.upstream?.keepAliveMs, milliseconds) ??
        4000,
      maxHeaderBytes:
        parseWholeNumber(upstream, 'maxHeaderBytes', input.upstream?.maxHeaderBytes, headBytes) ??
        262_144,
    },
    onFault: input.onFault ?? reportFault,
  }
  issues.throwIfAny()
  return compiled
}

const headBytes = { min: 4096, max: 1_048_576, unit: 'bytes' } as const

function readHost(input: unknown, issues: Issues): string {
  if (input === undefined) return '127.0.0.1'
  if (typeof input === 'string' && input !== '') return input
  issues.add('host', 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0')
  return ''
}

function reportFault(error: unknown): void {
  const { message, code } = error as { message?: string; code?: string }
  console.error(JSON.stringify({ level: 'error', message: message ?? `${error}`, code }))
}
