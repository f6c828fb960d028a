/** Ends a request whose body comes too slowly: a client that sends a byte a minute holds a connection for days. */
import type { IncomingMessage } from 'node:http'

/** How slowly a body may come. */
export interface RateRules {
  /** On average. */
  readonly bytesPerSecond: number
  /** Milliseconds until it counts. */
  readonly graceMs: number
}

/**
 * Watches how fast a body comes, without the time in which nobody reads it.
 *
 * @param onSlow - called once
 * @returns what ends the watch
 */
export function limitRate(
  message: IncomingMessage,
  rules: RateRules,
  onSlow: () => void,
): () => void {
  const began = Date.now()
  let bytes = 0
  let waitedMs = 0
  let pausedAt: number | undefined
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  message.on('pause', () => {
    pausedAt = Date.now()
  })
  message.on('resume', () => {
    if (pausedAt !== undefined) waitedMs += Date.now() - pausedAt
    pausedAt = undefined
  })

  const look = (): void => {
    if (message.complete) clearInterval(timer)
    if (message.complete || pausedAt !== undefined) return
    const ms = Date.now() - began - waitedMs
    if (ms < rules.graceMs || bytes >= (ms / 1000) * rules.bytesPerSecond) return
    clearInterval(timer)
    onSlow()
  }
  const timer = setInterval(look, Math.min(1000, rules.graceMs)).unref()
  return () => clearInterval(timer)
}
