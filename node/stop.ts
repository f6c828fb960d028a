/**
 * Stops a server gracefully: it accepts no more connections, closes WebSockets and idle
 * connections, and lets running requests finish until a time limit. `serve()` calls `stopServer`
 * for its `stop()`, and `stopOn` to stop on signals. After `stopTimeoutMs` all connections are
 * destroyed, and their clients see broken responses. `stopOn` ends the process a second after the
 * server has stopped, even if other work is still running.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { closeCodes } from '../src/request/index.ts'
import type { ExchangeHost } from './exchange.ts'
import type { Tunnel } from './tunnel.ts'

/** The ms that other work of the process has after the server has stopped. */
const lingerMs = 1000

/** Stops accepting connections, and resolves when none is left or the time limit is over. */
export async function stopServer(
  server: Server,
  { options, upstream, work }: ExchangeHost,
  tunnels: ReadonlySet<Tunnel>,
  stopping: AbortController,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  stopping.abort()
  for (const tunnel of tunnels)
    tunnel.close({ code: closeCodes.goingAway, reason: 'the server stops' })
  const timer = setTimeout(() => {
    for (const tunnel of tunnels) tunnel.destroy()
    server.closeAllConnections()
  }, options.stopTimeoutMs)
  // Closes connections whose last response was sent before the stop began.
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  await Promise.all([closed, ...[...tunnels].map(({ ended }) => ended)])
  await Promise.race([
    Promise.all(work),
    new Promise((resolve) => setTimeout(resolve, options.stopTimeoutMs).unref()),
  ])
  clearTimeout(timer)
  clearInterval(idle)
  upstream.close()
}

/**
 * Stops the server on a signal, and then ends the process. A second signal ends the process
 * immediately, as without this handler.
 */
export function stopOn(
  signals: readonly NodeJS.Signals[],
  stop: () => Promise<void>,
  server: Server,
): void {
  const begin = (): void => {
    for (const signal of signals) process.off(signal, begin)
    void stop().finally(() => {
      // Other connections, for example to Redis, must not keep the process running.
      setTimeout(() => process.exit(), lingerMs).unref()
    })
  }
  for (const signal of signals) process.on(signal, begin)
  server.once('close', () => {
    for (const signal of signals) process.off(signal, begin)
  })
}
