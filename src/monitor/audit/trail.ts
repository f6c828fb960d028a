/**
 * Creates `auditTrail()`, which turns security events into audit records and passes each to the
 * application's sinks, without delaying the response. The gateway and `portcullis()` call it for
 * each event of their option `audit`. A sink that is no function, or a wrong option, throws a
 * `ConfigError` while building. A sink that throws or rejects is reported to `onError`, and the
 * request is not affected; the record is then lost unless the sink repeats it. Records wait
 * nowhere, so one is also lost if the isolate ends before its sink has finished.
 */
import { ConfigError } from '../../errors.ts'
import { createIssues } from '../../options/issues.ts'
import { truncateAddress } from '../../request/address/truncate.ts'
import {
  type CountrySource,
  readCountry,
  validateCountrySource,
} from '../../request/client/country.ts'
import { readDevice } from '../../request/client/device.ts'
import type { SecurityEvent } from '../../types.ts'
import { type AuditedRequest, type AuditRecord, createAuditRecord } from './record.ts'

/** The context that a sink receives with a record. */
export interface SinkContext {
  /** The environment, as `c.env` has it. */
  readonly env: unknown
  /**
   * Keeps the isolate running until a promise settles. Absent where the platform has no such
   * function.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/**
 * Receives records. A promise that it returns is passed to `waitUntil`. Errors are reported to the
 * trail's `onError` and change no response.
 */
export type AuditSink = (record: AuditRecord, context: SinkContext) => unknown

/** The request behind an event. */
export interface AuditSource extends SinkContext {
  /** Headers of the request. */
  readonly headers: Pick<Headers, 'get'>
  /** `request.cf` of a Worker, where there is one. */
  readonly cf?: unknown
  /** The request's id, which error pages show. */
  readonly requestId: string
  /** The client's full address; records have only its network. */
  readonly address: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The option `audit` of a gateway and of `portcullis()`. */
export interface AuditTrail {
  /**
   * Receives an event of a request, and passes a record of it to the sinks if the event is about an
   * action. It throws only what `onError` throws.
   */
  record(event: SecurityEvent, auditSource: AuditSource): void
}

/** Options of {@link auditTrail}. */
export interface AuditTrailOptions {
  /**
   * Adds the country that the platform reports: `request.cf` of a Worker and `CF-IPCountry` of
   * Cloudflare, or `X-Vercel-IP-Country` of Vercel. Default `false`: behind any other platform,
   * clients could write these headers themselves.
   */
  readonly country?: CountrySource
  /** Receives the error of a sink, without the record. Default: errors are ignored. */
  readonly onError?: (error: unknown) => void
}

/**
 * Creates an audit trail that passes each record to each sink.
 *
 * @example
 * const audit = auditTrail((record) => console.log(JSON.stringify(record)))
 * defineGateway({ ..., audit })
 *
 * @throws {ConfigError} `ERR_CONFIG` where a sink is not a function
 */
export function auditTrail(
  sinks: AuditSink | readonly AuditSink[],
  options: AuditTrailOptions = {},
): AuditTrail {
  const sinkList = typeof sinks === 'function' ? [sinks] : [...sinks]
  if (sinkList.length === 0 || sinkList.some((listedSink) => typeof listedSink !== 'function'))
    throw new ConfigError([
      {
        option: 'auditTrail',
        problem: 'must get a sink, which is a function, or a non-empty list of sinks',
      },
    ])

  const { onError = () => {} } = options
  const issues = createIssues('auditTrail')
  const country = validateCountrySource(options.country, issues)
  issues.throwIfAny()

  function deliver(record: AuditRecord, auditSource: AuditSource): void {
    const { env, waitUntil } = auditSource
    for (const sink of sinkList) {
      try {
        const sinkResult = sink(record, { env, waitUntil })
        if (sinkResult instanceof Promise) {
          const settledResult = sinkResult.catch(reportError)
          waitUntil?.(settledResult)
        }
      } catch (error) {
        reportError(error)
      }
    }
  }

  /** Passes the error of a sink to the application, whose own error must not fail a request. */
  function reportError(error: unknown): void {
    try {
      onError(error)
    } catch {
      // There is nobody else to tell.
    }
  }

  return {
    record(event, auditSource): void {
      const request = readRequest(auditSource, country)
      const record = createAuditRecord(event, request, auditSource.now)
      if (record !== undefined) deliver(record, auditSource)
    },
  }
}

function readRequest(auditSource: AuditSource, countrySource: CountrySource): AuditedRequest {
  const { headers, requestId, address } = auditSource
  return {
    requestId,
    client: truncateAddress(address),
    country: readCountry(auditSource, countrySource),
    ...readDevice(headers.get('user-agent')),
  }
}
