/**
 * Handles requests that want to switch protocols: a WebSocket is connected to its upstream if the
 * gateway allows it, and every other upgrade is answered as a plain request. `serve()` calls it for
 * each upgrade. It does not reject: an error goes to `onFault` and closes the connection. A request
 * with another upgrade and a body gets 400. If the server stops meanwhile, both connections are
 * closed.
 */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { joinTunnel, type Tunnel } from './tunnel.ts'
import { UpgradedResponse } from './upstream.ts'

/** Reports whether a request asks for a WebSocket. */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade ?? '')
}

/** Creates a response on a connection that Node's HTTP parser no longer reads. */
export function responseOn(message: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.once('finish', () => socket.end())
  socket.on('error', () => {})
  socket.once('close', () => {
    if (response.socket !== null) response.destroy()
  })
  return response
}

/** A request that asks for another protocol, and its connection. */
export interface UpgradeRequest {
  readonly message: IncomingMessage
  readonly socket: Duplex
  /** The bytes that arrived after the request. */
  readonly head: Buffer
}

/**
 * Calls the gateway, and connects the client with the upstream if that has switched protocols.
 * Resolves when both connections are closed.
 */
export async function upgrade(
  { message, socket, head }: UpgradeRequest,
  host: ExchangeHost,
  tunnels: Set<Tunnel>,
): Promise<void> {
  const response = responseOn(message, socket)
  const exchange = new Exchange(host, message, response)
  const { options, stopping } = host
  try {
    const bodyHeader =
      message.headers['transfer-encoding'] ?? message.headers['content-length'] ?? '0'
    if (!isWebSocket(message) && bodyHeader !== '0') {
      return exchange.reject({
        status: 400,
        detail: 'A request with an unsupported Upgrade must not have a body.',
      })
    }
    const answer = await exchange.ask(false)
    if (!(answer instanceof Response)) return exchange.reject(answer)
    if (!(answer instanceof UpgradedResponse)) return await exchange.answer(answer)
    if (stopping.aborted || socket.destroyed) {
      exchange.drop(answer)
      return void socket.destroy()
    }

    const { headers } = answer
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    headers.forEach((value, name) => {
      lines.push(`${name}: ${value}`)
    })
    // From now on the tunnel closes the connection.
    response.detachSocket(socket as Socket)
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    const tunnel = joinTunnel({
      client: socket,
      upstream: answer.socket,
      clientHead: head,
      upstreamHead: answer.head,
      extensions: headers.get('sec-websocket-extensions') ?? undefined,
      lifeMs: answer.lifeMs,
      closeTimeoutMs: options.closeTimeoutMs,
    })
    tunnels.add(tunnel)
    await tunnel.ended
    tunnels.delete(tunnel)
  } catch (error) {
    options.onFault(error)
    socket.destroy()
  }
}
