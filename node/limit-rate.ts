/**
 * Limits how slowly the body of a request may arrive, because a client that sends a byte a minute
 * would hold a connection for days. `Exchange` starts it when the gateway first reads a body. It
 * throws nothing: a body that is too slow is reported once to the callback, which ends the request.
 * Time in which nobody reads the body does not count. The caller must call the returned function at
 * the end, or the timer stays until the body is complete.
 */
import type { IncomingMessage } from 'node:http'

/** The least rate of a body. */
export interface RateRules {
  /** The least average rate in bytes per second. */
  readonly bytesPerSecond: number
  /** The ms after which the rate is checked. */
  readonly graceMs: number
}

/**
 * Watches how fast a body arrives, without the time in which nobody reads it.
 *
 * @param onSlow - called once, when the body is too slow
 * @returns a function that ends the watch
 */
export function limitRate(
  message: IncomingMessage,
  rules: RateRules,
  onSlow: () => void,
): () => void {
  const startedAt = Date.now()
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

  const checkRate = (): void => {
    if (message.complete) clearInterval(timer)
    if (message.complete || pausedAt !== undefined) return
    const elapsedMs = Date.now() - startedAt - waitedMs
    if (elapsedMs < rules.graceMs || bytes >= (elapsedMs / 1000) * rules.bytesPerSecond) return
    clearInterval(timer)
    onSlow()
  }
  const timer = setInterval(checkRate, Math.min(1000, rules.graceMs)).unref()
  return () => clearInterval(timer)
}
