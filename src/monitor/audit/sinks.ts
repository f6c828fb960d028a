/**
 * Creates three sinks of audit records: a Workers Analytics Engine dataset, a signed webhook and a
 * Redis stream. Applications pass them to `auditTrail()`, which calls them with each record. Wrong
 * options throw a `ConfigError` while building. A sink that cannot deliver throws or rejects: the
 * webhook with the message `http-<status>`, the stream with `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED`. The trail reports this to its `onError`, nothing is repeated, and Analytics
 * Engine drops points without an error.
 */
import { createIssues, resolveFrom } from '../../options/index.ts'
import { adoptRedis, type RedisSource } from '../../redis/adopt.ts'
import { type Script, script } from '../../redis/script.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { AnalyticsDataset } from '../analytics.ts'
import { parseWebhookKey, parseWebhookUrl, postSigned } from '../webhook.ts'
import type { AuditRecord } from './record.ts'
import type { AuditSink } from './trail.ts'

/**
 * Creates a sink that writes a data point of Workers Analytics Engine for each record. The index is
 * the user's tag, so that the records of one user are sampled together.
 *
 * @example
 * auditTrail(analyticsSink((c) => c.env.AUDIT))
 */
export function analyticsSink<E = ProjectEnv>(dataset: FromEnv<AnalyticsDataset, E>): AuditSink {
  const resolve =
    typeof dataset === 'function'
      ? (dataset as (c: { env: unknown }) => AnalyticsDataset | undefined)
      : () => dataset
  return (auditRecord, { env }) => {
    const { action, outcome, type, reason, user, actor, session, requestId } = auditRecord
    const { client, browser, system, country, subject } = auditRecord
    // Queries refer to columns by number, so new ones may only be appended.
    const columns = [
      action,
      outcome,
      type,
      reason,
      user,
      actor,
      session,
      requestId,
      client,
      browser,
      system,
      country,
      subject,
    ]

    resolve({ env })?.writeDataPoint({
      indexes: [user ?? session ?? type],
      blobs: columns.map((columnValue) => columnValue ?? ''),
      doubles: [Date.parse(auditRecord.time)],
    })
  }
}

/** Options of {@link webhookSink}. */
export interface WebhookSinkOptions<E = ProjectEnv> {
  /** The https URL to which records are posted. It is usually a secret. */
  readonly url: FromEnv<string, E>
  /**
   * The key of the signature, at least 32 characters. Each post has the header
   * `Portcullis-Signature`; see docs/monitoring.md.
   */
  readonly key: FromEnv<string, E>
  /**
   * Selects the records that are posted. Default: all except rejected requests, denied access and
   * rejected session cookies, of which a scanner causes thousands.
   */
  readonly filter?: (auditRecord: AuditRecord) => boolean
  /** The time limit of one post in ms. Default 5,000. */
  readonly timeoutMs?: number
  /** The function that posts, for tests and service bindings. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * Creates a sink that posts each record as signed JSON. A failed request is not repeated: use
 * {@link redisStreamSink} where no record may be lost.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * auditTrail(webhookSink({ url: (c) => c.env.AUDIT_URL, key: (c) => c.env.AUDIT_KEY }))
 */
export function webhookSink<E = ProjectEnv>(sinkOptions: WebhookSinkOptions<E>): AuditSink {
  const issues = createIssues('webhookSink')
  const options: Partial<WebhookSinkOptions<E>> = Object(sinkOptions)
  const webhookUrl = resolveFrom<string, string>(
    issues,
    'url',
    options.url as never,
    parseWebhookUrl,
  )

  const signingKey = resolveFrom<string, string>(
    issues,
    'key',
    options.key as never,
    parseWebhookKey,
  )

  const { filter: isIncluded = isAboutSessions, timeoutMs = 5000 } = options
  const { fetch: send = (input, requestInit) => fetch(input, requestInit) } = options
  if (typeof isIncluded !== 'function') issues.add('filter', 'must be a function')
  if (typeof send !== 'function') issues.add('fetch', 'must be a function')
  if (!(timeoutMs > 0)) issues.add('timeoutMs', 'must be a number of milliseconds above 0')
  issues.throwIfAny()

  return (auditRecord, { env }) =>
    isIncluded(auditRecord)
      ? postSigned(
          JSON.stringify(auditRecord),
          { url: webhookUrl(env), key: signingKey(env), timeoutMs, now: Date.now() },
          send,
        )
      : undefined
}

function isAboutSessions({ action }: AuditRecord): boolean {
  return action !== 'request' && action !== 'access' && action !== 'session-reject'
}

const appendScript: Script = /* @__PURE__ */ script(
  'audit-append',
  "return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'record', ARGV[1])",
)

/** Options of {@link redisStreamSink}. */
export interface RedisStreamSinkOptions {
  /** The key of the stream. Default `portcullis:audit`. */
  readonly key?: string
  /**
   * The approximate number of records that the stream keeps; older ones are deleted. Default
   * 100,000, about 40 MB.
   */
  readonly maxLength?: number
}

/**
 * Creates a sink that appends each record to a stream in Redis (`XADD`), from which a consumer
 * group reads them in order.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * auditTrail(redisStreamSink(client, { key: 'audit', maxLength: 100_000 }))
 */
export function redisStreamSink(
  redis: RedisSource,
  { key: streamKey = 'portcullis:audit', maxLength = 100_000 }: RedisStreamSinkOptions = {},
): AuditSink {
  const issues = createIssues('redisStreamSink')
  const redisClient = adoptRedis(redis, issues)
  if (typeof streamKey !== 'string' || streamKey === '')
    issues.add('key', 'must be a non-empty name')

  if (!Number.isInteger(maxLength) || maxLength < 100 || maxLength > 100_000_000)
    issues.add('maxLength', 'must be a whole number of records from 100 to 100,000,000')

  issues.throwIfAny()

  return (auditRecord, { env }) =>
    redisClient.call(
      env,
      appendScript,
      [streamKey],
      [JSON.stringify(auditRecord), String(maxLength)],
    )
}
