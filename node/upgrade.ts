/** Answers requests that would speak another protocol: WebSockets are joined to their upstream, nothing else is. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { joinTunnel, type Tunnel } from './tunnel.ts'
import { UpgradedResponse } from './upstream.ts'

/** Whether a request asks for a WebSocket. */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade ?? '')
}

/** A response on a connection that no parser reads any more. */
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

/** A connection whose request asks for another protocol. */
export interface UpgradeRequest {
  readonly message: IncomingMessage
  readonly socket: Duplex
  /** The bytes that came behind the request. */
  readonly head: Buffer
}

/** Asks the gateway, and joins the client with the upstream where that has switched. Resolves when both are gone. */
export async function upgrade(
  { message, socket, head }: UpgradeRequest,
  host: ExchangeHost,
  tunnels: Set<Tunnel>,
): Promise<void> {
  const response = responseOn(message, socket)
  const exchange = new Exchange(host, message, response)
  const { options, stopping } = host
  try {
    const unread = message.headers['transfer-encoding'] ?? message.headers['content-length'] ?? '0'
    if (!isWebSocket(message) && unread !== '0') {
      return exchange.reject({
        status: 400,
        detail: 'A request with an unsupported upgrade has a body.',
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
    // Ended by its tunnel from now on.
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
