/**
 * Creates records of events and hands them to sinks, never delaying a response. The gateway and
 * `portcullis()` call it for each event. A sink that fails is reported to `onError`; the request
 * is not affected.
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

/** The context that a sink gets beside the record. */
export interface SinkContext {
  /** The environment: `c.env` of `FromEnv` functions. */
  readonly env: unknown
  /** Keeps the isolate until a promise settles. Absent where the platform has nothing of the kind. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/**
 * Takes records. What it returns goes to `waitUntil`; what it throws or rejects with is reported by the trail's `onError`,
 * and changes no answer.
 */
export type AuditSink = (record: AuditRecord, context: SinkContext) => unknown

/** The request behind an event. */
export interface AuditSource extends SinkContext {
  /** Headers of the request. */
  readonly headers: Pick<Headers, 'get'>
  /** `request.cf` of a Worker, where there is one. */
  readonly cf?: unknown
  /** The id that the client was shown. */
  readonly requestId: string
  /** The client's whole address; records have less of it. */
  readonly address: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The option `audit` of a gateway and of `portcullis()`. */
export interface AuditTrail {
  /** Takes an event of a request; makes a record of it where it is worth one. Never throws. */
  record(event: SecurityEvent, auditSource: AuditSource): void
}

/** Options of {@link auditTrail}. */
export interface AuditTrailOptions {
  /**
   * Keeps the country that the platform names: `request.cf` of a Worker and `CF-IPCountry` of Cloudflare, or
   * `X-Vercel-IP-Country` of Vercel. Default `false`: behind anything else a client could write these headers itself.
   */
  readonly country?: CountrySource
  /** Takes what a sink threw, with no record in it. Default: nothing. */
  readonly onError?: (error: unknown) => void
}

/**
 * Creates an audit trail that hands each record to each sink.
 *
 * @example
 * const audit = auditTrail((record) => console.log(JSON.stringify(record)))
 * defineGateway({ ..., audit })
 *
 * @throws {ConfigError} `ERR_CONFIG` where a sink is no function
 */
export function auditTrail(
  sinks: AuditSink | readonly AuditSink[],
  options: AuditTrailOptions = {},
): AuditTrail {
  const sinkList = typeof sinks === 'function' ? [sinks] : [...sinks]
  if (sinkList.length === 0 || sinkList.some((listedSink) => typeof listedSink !== 'function'))
    throw new ConfigError([{ option: 'auditTrail', problem: 'needs a sink, or a list of sinks' }])

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
          const settledResult = sinkResult.catch(onError)
          waitUntil?.(settledResult)
        }
      } catch (error) {
        onError(error)
      }
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
