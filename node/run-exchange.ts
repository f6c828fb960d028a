/**
 * Runs one request through a gateway and writes the response. `serve()` and `toNodeHandler()` call
 * it for each request. It never rejects: an error is passed to `onFault` and the connection is
 * closed without a response. An upstream that switched protocols although the request did not ask
 * for it is dropped, and the client gets 400.
 */
import type { Socket } from 'node:net'
import type { Exchange, ExchangeHost } from './exchange.ts'
import { UpgradedResponse } from './upstream.ts'

/** Calls the gateway and writes its response. It never rejects. */
export async function runExchange(
  exchange: Exchange,
  expectsContinue: boolean,
  { options }: ExchangeHost,
): Promise<void> {
  const { response: out } = exchange
  try {
    const response = await exchange.ask(expectsContinue)
    if (!(response instanceof Response)) return exchange.reject(response)
    if (response instanceof UpgradedResponse) {
      exchange.drop(response)
      return exchange.reject({ status: 400, detail: 'The request did not ask for an upgrade.' })
    }
    await exchange.answer(response)
    // A request whose body was not read ends its connection.
    if (!out.shouldKeepAlive) out.once('finish', () => endSoon(exchange.message.socket))
  } catch (error) {
    options.onFault(error)
    out.destroy()
  }
}

/**
 * Closes a connection after the client had time to read the response. A connection that is closed
 * with unread bytes is reset, and the response would be lost.
 */
function endSoon(socket: Socket): void {
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}

/** The ms that a client has to read a response. */
const lingerMs = 1000
