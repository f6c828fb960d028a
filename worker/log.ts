/** Where security events go: one line of JSON each, which Workers Logs and Logpush take apart. */
import type { SecurityEvent } from '../src/gateway/index.ts'

/** Writes an event. */
export function log(event: SecurityEvent): void {
  // biome-ignore lint/suspicious/noConsole: a Worker's log is its console.
  console.log(JSON.stringify({ level: 'info', event: event.type, ...event, type: undefined }))
}
