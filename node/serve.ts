/** Serves a gateway on Node: a server that passes on what came, and stops without breaking what runs. */
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

/** A gateway that is being served. */
export interface GatewayServer {
  /** The port that is open, also where 0 was asked for. */
  readonly port: number
  /** Where it listens: `http://127.0.0.1:3000`. */
  readonly url: string
  /**
   * Stops: takes no more connections, closes WebSockets with 1001, ends streams of events, lets everything else finish, and
   * drops what is left after `stopTimeoutMs`. Resolves when nothing is left. May be called twice.
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
  // Node drops headers beyond this count, and dropped headers cannot be checked: no limit.
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
    // Node's limit for the whole request is off: long uploads are allowed, and the rate ends a slow
    // one.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, options.headersTimeoutMs),
    keepAliveTimeout: options.keepAliveTimeoutMs,
    maxHeaderSize: options.maxHeaderBytes,
    noDelay: true,
    // Node 24.9 and later; before, `upgrade` brings every request with that header.
    shouldUpgradeCallback: isWebSocket,
  }
}

function listen(server: Server, host: ExchangeHost, tunnels: Set<Tunnel>): void {
  const running = new WeakMap<Duplex, Exchange>()
  const begin = (
    message: IncomingMessage,
    response: ServerResponse,
    expects: boolean,
  ): Promise<void> => {
    const exchange = new Exchange(host, message, response)
    running.set(message.socket, exchange)
    return runExchange(exchange, expects, host)
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
    // The parser failed inside a body: the gateway responds with 400, and the request to the
    // upstream is aborted.
    const exchange = running.get(socket)
    if (exchange !== undefined && !exchange.message.complete) {
      if (!exchange.breakBody(error)) exchange.response.destroy()
    } else rejectBytes(error, socket)
  })
}

/** Answers what is no request. */
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
