/**
 * Sinks of audit records: Analytics Engine, a signed webhook and a stream in Redis. Applications
 * pass them to `auditTrail()`. A sink rejects where it cannot deliver, and the trail reports that;
 * wrong options are a `ConfigError`.
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
 * Writes a point of Workers Analytics Engine for each record. The index is the user's tag, so that the records of one user
 * are sampled together.
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
    // Columns are known by number: new ones are appended.
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
  /** Where records are posted to: https only. The address is a secret as a rule. */
  readonly url: FromEnv<string, E>
  /** At least 32 characters. Each post carries `Portcullis-Signature`; see docs/monitoring.md. */
  readonly key: FromEnv<string, E>
  /** Which records are posted. Default: all except rejected requests and denied access, of which a scanner causes thousands. */
  readonly filter?: (auditRecord: AuditRecord) => boolean
  /** Milliseconds that one post may take. Default 5,000. */
  readonly timeoutMs?: number
  /** For tests and service bindings. Default the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * Posts each record as JSON, signed. A failed request is not repeated: use {@link redisStreamSink} where no record may be lost.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * auditTrail(webhookSink({ url: (c) => c.env.AUDIT_URL, key: (c) => c.env.AUDIT_KEY }))
 */
export function webhookSink<E = ProjectEnv>(options: WebhookSinkOptions<E>): AuditSink {
  const issues = createIssues('webhookSink')
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
  /** Key of the stream. Default `portcullis:audit`. */
  readonly key?: string
  /** Records that the stream keeps, about; older ones go. Default 100,000, some 40 MB. */
  readonly maxLength?: number
}

/**
 * Appends each record to a stream in Redis (`XADD`), where a consumer group reads them in order and none is lost.
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
