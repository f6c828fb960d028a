/**
 * Serves a gateway on Node's HTTP server, with time limits, WebSockets and a graceful stop.
 * Applications call `serve()`. Wrong options throw a `ConfigError`; it rejects where the port
 * cannot be opened. A request that Node cannot parse gets 400, 408 or 431 and its connection is
 * closed. Errors outside the gateway go to `onFault`, and never end the process.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Exchange, type ExchangeHost, type Served } from './exchange.ts'
import { type CompiledOptions, compileOptions, type ServeOptions } from './options.ts'
import { runExchange } from './run-exchange.ts'
import { stopOn, stopServer } from './stop.ts'
import type { Tunnel } from './tunnel.ts'
import { isWebSocket, responseOn, upgrade } from './upgrade.ts'
import { createUpstream } from './upstream.ts'

/** A running server. */
export interface GatewayServer {
  /** The open port, also if the option was 0. */
  readonly port: number
  /** The URL of the server: `http://127.0.0.1:3000`. */
  readonly url: string
  /**
   * Stops the server: it accepts no more connections, closes WebSockets with 1001, ends event
   * streams, lets everything else finish, and closes what is left after `stopTimeoutMs`. Resolves
   * when nothing is left. It may be called twice.
   */
  stop(): Promise<void>
}

/**
 * Serves a gateway. Resolves when the port is open.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * ```ts
 * import { createGateway } from 'portcullis/gateway'
 * import { serve } from 'portcullis/node'
 * import { config } from './gateway.config.ts'
 *
 * await serve(createGateway(config), { port: 8080, trustedProxies: 1 })
 * ```
 */
export async function serve(gateway: Served, options: ServeOptions = {}): Promise<GatewayServer> {
  const compiled = compileOptions(options)
  const stopping = new AbortController()
  const host: ExchangeHost = {
    gateway,
    options: compiled,
    upstream: createUpstream(compiled.upstream),
    stopping: stopping.signal,
    work: new Set(),
  }
  const tunnels = new Set<Tunnel>()
  const server = createServer(serverOptions(compiled))
  // Without a limit of headers: Node drops headers over its limit, and dropped headers could not be
  // checked.
  server.maxHeadersCount = 0
  server.maxConnections = compiled.maxConnections
  listen(server, host, tunnels)
  server.listen(compiled.port, compiled.host)
  await once(server, 'listening')
  const { port, address, family } = server.address() as AddressInfo

  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= stopServer(server, host, tunnels, stopping)
    return stopped
  }
  if (compiled.signals !== false) stopOn(compiled.signals, stop, server)
  return { port, url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`, stop }
}

function serverOptions(options: CompiledOptions): object {
  return {
    headersTimeout: options.headersTimeoutMs,
    // Node's time limit for a whole request is off, because long uploads are allowed;
    // `limit-rate.ts` ends slow ones.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, options.headersTimeoutMs),
    keepAliveTimeout: options.keepAliveTimeoutMs,
    maxHeaderSize: options.maxHeaderBytes,
    noDelay: true,
    // Used by Node 24.9 and later. Earlier versions emit `upgrade` for every request with that
    // header.
    shouldUpgradeCallback: isWebSocket,
  }
}

function listen(server: Server, host: ExchangeHost, tunnels: Set<Tunnel>): void {
  const exchanges = new WeakMap<Duplex, Exchange>()
  const begin = (
    message: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> => {
    const exchange = new Exchange(host, message, response)
    exchanges.set(message.socket, exchange)
    return runExchange(exchange, expectsContinue, host)
  }
  server.on('request', (message, response) => void begin(message, response, false))
  server.on('checkContinue', (message, response) => void begin(message, response, true))
  server.on('upgrade', (message, socket, head) => {
    void upgrade({ message, socket, head }, host, tunnels)
  })
  server.on('connect', (message, socket) => {
    const exchange = new Exchange(host, message, responseOn(message, socket))
    exchange.reject({ status: 405, detail: 'This server does not support CONNECT.' })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The parser failed inside a body. The gateway responds with 400, and its request to the
    // upstream is aborted.
    const exchange = exchanges.get(socket)
    if (exchange !== undefined && !exchange.message.complete) {
      if (!exchange.breakBody(error)) exchange.response.destroy()
    } else rejectBytes(error, socket)
  })
}

/** Responds to bytes that are not an HTTP request. */
function rejectBytes({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const line =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
