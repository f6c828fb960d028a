/**
 * Measurements of requests, for applications (`portcullis/monitor`), the gateway and the Worker:
 * `monitor()` observes a gateway and `requestLog()` a Hono app, `telemetry()` exports traces and
 * metrics, `uptime()` checks upstreams on a schedule, and `auditTrail()` writes audit records. Each
 * builder throws a `ConfigError` for wrong options; at a request, nothing here changes a response
 * because a log or an export failed.
 */
export { type Device, readDevice } from '../request/client/device.ts'
export { type AnalyticsDataset, type AnalyticsPoint, analyticsPoint } from './analytics.ts'
export type { Actor, AuditAction, AuditOutcome, AuditRecord } from './audit/record.ts'
export {
  analyticsSink,
  type RedisStreamSinkOptions,
  redisStreamSink,
  type WebhookSinkOptions,
  webhookSink,
} from './audit/sinks.ts'
export {
  type AuditSink,
  type AuditSource,
  type AuditTrail,
  type AuditTrailOptions,
  auditTrail,
  type SinkContext,
} from './audit/trail.ts'
export type { RequestLine, RequestMetrics } from './line.ts'
export { type RequestLogEnv, type RequestLogOptions, requestLog } from './middleware.ts'
export { type Monitor, type MonitorOptions, monitor, type RequestEnd } from './monitor.ts'
export { redisProbe, redisState, type StoreProbe } from './redis.ts'
export type { TelemetryOptions } from './telemetry/options.ts'
export { prometheusContentType } from './telemetry/prometheus.ts'
export type { SpanRecorder } from './telemetry/recorder.ts'
export type { ChildSpan } from './telemetry/span.ts'
export { type Telemetry, telemetry } from './telemetry/telemetry.ts'
export type { Trace, TraceOptions } from './trace.ts'
export {
  type Uptime,
  type UptimeOptions,
  type UptimeRun,
  type UptimeState,
  uptime,
  type Watched,
} from './uptime.ts'
export type { Notice, StateChange } from './webhook.ts'
