/** Where events and requests go: one line of JSON each, which Workers Logs and Logpush take apart. */
import type { SecurityEvent } from '../src/gateway/index.ts'
import type { RequestLine } from '../src/monitor/index.ts'

/** Writes an event. */
export function log(event: SecurityEvent): void {
  write({ level: 'info', event: event.type, ...event, type: undefined })
}

/** Writes what became of a request. */
export function logRequest(line: RequestLine): void {
  write(line)
}

function write(line: object): void {
  // biome-ignore lint/suspicious/noConsole: a Worker's log is its console.
  console.log(JSON.stringify(line))
}
