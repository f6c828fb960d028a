/**
 * Writes events and request lines as one line of JSON each to the console, which Workers Logs and
 * Logpush parse. `gateway.config.ts` passes both functions to the gateway. `JSON.stringify` could
 * only throw for values that events and lines do not have.
 */
import type { SecurityEvent } from '../src/gateway/index.ts'
import type { RequestLine } from '../src/monitor/index.ts'

/** Writes an event. */
export function log(event: SecurityEvent): void {
  write({ level: 'info', event: event.type, ...event, type: undefined })
}

/** Writes the line of a request. */
export function logRequest(line: RequestLine): void {
  write(line)
}

function write(line: object): void {
  // biome-ignore lint/suspicious/noConsole: a Worker's log is its console.
  console.log(JSON.stringify(line))
}
