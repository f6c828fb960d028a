/** Stops a server without breaking what runs. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { closeCodes } from '../src/request/index.ts'
import type { ExchangeHost } from './exchange.ts'
import type { Tunnel } from './tunnel.ts'

/** Milliseconds that other work of the process has once the server has stopped. */
const lingerMs = 1000

/** Takes no more connections, and resolves when nothing is left or the deadline is over. */
export async function stopServer(
  server: Server,
  { options, upstream, work }: ExchangeHost,
  tunnels: ReadonlySet<Tunnel>,
  stopping: AbortController,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  stopping.abort()
  for (const tunnel of tunnels) tunnel.close({ code: closeCodes.goingAway, reason: 'server stops' })
  const timer = setTimeout(() => {
    for (const tunnel of tunnels) tunnel.destroy()
    server.closeAllConnections()
  }, options.stopTimeoutMs)
  // Connections on which the last response went out before the stop was known.
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  await Promise.all([closed, ...[...tunnels].map(({ ended }) => ended)])
  await Promise.race([
    Promise.all(work),
    new Promise((done) => setTimeout(done, options.stopTimeoutMs).unref()),
  ])
  clearTimeout(timer)
  clearInterval(idle)
  upstream.close()
}

/** Stops on a signal, and ends the process once nothing is left to do. A second signal ends it as it would without us. */
export function stopOn(
  signals: readonly NodeJS.Signals[],
  stop: () => Promise<void>,
  server: Server,
): void {
  const begin = (): void => {
    for (const signal of signals) process.off(signal, begin)
    void stop().finally(() => {
      // A connection that somebody else keeps, to Redis say, must not keep the process.
      setTimeout(() => process.exit(), lingerMs).unref()
    })
  }
  for (const signal of signals) process.on(signal, begin)
  server.once('close', () => {
    for (const signal of signals) process.off(signal, begin)
  })
}
