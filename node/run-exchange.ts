/** Takes one request through a gateway to its response. */
import type { Socket } from 'node:net'
import type { Exchange, ExchangeHost } from './exchange.ts'
import { UpgradedResponse } from './upstream.ts'

/** Asks the gateway and writes its response. Never rejects. */
export async function runExchange(
  exchange: Exchange,
  expects: boolean,
  { options }: ExchangeHost,
): Promise<void> {
  const { response: out } = exchange
  try {
    const response = await exchange.ask(expects)
    if (!(response instanceof Response)) return exchange.reject(response)
    if (response instanceof UpgradedResponse) {
      exchange.drop(response)
      return exchange.reject({ status: 400, detail: 'The request did not ask for an upgrade.' })
    }
    await exchange.answer(response)
    // A request whose body was not read ends with its connection.
    if (!out.shouldKeepAlive) out.once('finish', () => endSoon(exchange.message.socket))
  } catch (error) {
    options.onFault(error)
    out.destroy()
  }
}

/** Closes a connection once the client had time to read: one closed with bytes unread is reset, and the answer is lost. */
function endSoon(socket: Socket): void {
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}

/** Milliseconds. */
const lingerMs = 1000
