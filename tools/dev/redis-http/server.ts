/**
 * The bridge: answers HTTP as Upstash does and asks a real Redis. For development and tests only; it serves 127.0.0.1 and
 * nothing else.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Control, type Controlled, controls } from './control.ts'
import {
  listenToRedis,
  openRedis,
  type RedisConnection,
  type RedisPlace,
  Refusal,
  type Reply,
} from './resp.ts'
import { type ScriptMode, scripts } from './scripts.ts'
import { type Asked, BadRequest, eventOf, itemOf, readAsked } from './wire.ts'

export interface RedisHttpOptions {
  /** Port of a Redis on 127.0.0.1. One of the three is required. */
  redisPort?: number
  /** `redis://host:port`. */
  redisUrl?: string
  /** Path of a Redis's unix socket. */
  redisSocket?: string
  /** What clients must present. Default: a random one. */
  token?: string
  /** Port to listen on. Default: a free one. */
  port?: number
  /** Refuse keys that a script flagged `allow-key-locking` did not declare, as Upstash does. Default true. */
  strict?: boolean
}

export interface RedisHttp {
  readonly port: number
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  readonly token: string
  readonly control: Control
  stop(): Promise<void>
}

/** Starts the bridge. Rejects when the port is taken or no Redis answers. */
export async function startRedisHttp(options: RedisHttpOptions): Promise<RedisHttp> {
  const place = placeOf(options)
  const token = options.token ?? randomBytes(24).toString('base64url')
  const mode: ScriptMode = { plain: false, strict: options.strict ?? true }
  const known = scripts(mode)
  const control = controls(known.nameOf, mode)
  const wanted = digest(token)
  let connection: RedisConnection | undefined = await openRedis(place)

  /** All in one write; a lost connection is opened anew by the next request. */
  async function ask(commands: ReadonlyArray<readonly string[]>): Promise<Reply[]> {
    connection ??= await openRedis(place)
    try {
      return await connection.send(commands)
    } catch (error) {
      connection = undefined
      throw error
    }
  }

  async function execute(
    { kind, commands }: Asked,
    refused: ReadonlyMap<number, string>,
  ): Promise<Reply[]> {
    const prepared = commands.map(known.prepare)
    const sent = prepared.filter((_, at) => !refused.has(at)).map(({ command }) => command)

    // Between MULTI and EXEC nothing of another request may come: one write on one connection.
    const wrapped = kind === 'multi-exec' ? [['MULTI'], ...sent, ['EXEC']] : sent
    let replies = wrapped.length > 0 ? await ask(wrapped) : []

    if (kind === 'multi-exec') {
      const last = replies.at(-1)
      if (!Array.isArray(last))
        return [replies.find((reply) => reply instanceof Refusal) ?? new Refusal('EXECABORT')]
      replies = last
    }

    return prepared.map(({ finish = (reply: Reply): Reply => reply }, at) => {
      const error = refused.get(at)
      return error === undefined ? finish(replies.shift() ?? null) : new Refusal(error)
    })
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://bridge')
    const body = await textOf(request)
    const asked = readAsked(request.method ?? '', url, body)
    const commands = asked instanceof BadRequest ? [] : asked.commands

    control.note({ path: url.pathname, headers: request.headers, commands })
    const given =
      /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ??
      url.searchParams.get('_token') ??
      ''
    if (!timingSafeEqual(digest(given), wanted)) return unauthorized(response)
    if (asked instanceof BadRequest) return answer(response, asked.status, { error: asked.error })
    if (asked.kind === 'stream') return stream(place, asked, response)

    const base64 = `${request.headers['upstash-encoding'] ?? ''}`.toLowerCase() === 'base64'
    await meddle(control, asked, response, async (refused) => {
      const replies = await execute(asked, refused)
      if (
        asked.kind !== 'command' &&
        !(asked.kind === 'multi-exec' && replies[0] instanceof Refusal)
      ) {
        return { status: 200, body: replies.map((reply) => itemOf(reply, base64)) }
      }

      const [reply = null] = replies
      return { status: reply instanceof Refusal ? 400 : 200, body: itemOf(reply, base64) }
    })
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => {
      if (!response.headersSent)
        answer(response, 500, { error: 'ERR the bridge could not reach Redis' })
      else response.destroy()
    })
  })

  server.keepAliveTimeout = 60_000
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    token,
    control,
    async stop(): Promise<void> {
      control.reset()
      connection?.close()

      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Made {
  status: number
  body: unknown
}

/** Executes, with whatever was planned to go wrong. */
async function meddle(
  control: Controlled,
  { commands }: Asked,
  response: ServerResponse,
  execute: (refused: ReadonlyMap<number, string>) => Promise<Made>,
): Promise<void> {
  const drop = (): void => void response.destroy()
  if (!(await control.pass(commands, 'before'))) return drop()

  const refused = new Map<number, string>()
  let end = (made: Made): void => answer(response, made.status, made.body)

  for (const { fault, meets } of control.faultsOf(commands)) {
    switch (fault.kind) {
      case 'delay':
        if (!(await control.delay(fault.ms))) return drop()
        break
      case 'drop-before':
        return drop()
      case 'silence':
        return
      case 'unauthorized':
        return unauthorized(response)
      case 'error-json':
        return answer(response, fault.status ?? 500, { error: fault.error ?? 'ERR internal error' })
      case 'error-html':
        response
          .writeHead(fault.status ?? 502, { 'content-type': 'text/html' })
          .end('<h1>Bad gateway</h1>')
        return
      case 'body':
        response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body)
        return
      case 'redirect':
        response.writeHead(fault.status ?? 307, { location: fault.to }).end()
        return
      case 'noscript':
      case 'refuse':
        for (const [at, command] of commands.entries()) {
          if (!meets(command)) continue
          if (fault.kind === 'refuse') refused.set(at, fault.error)
          else if (command[0]?.toLowerCase() === 'evalsha')
            refused.set(at, 'NOSCRIPT No matching script. Please use EVAL.')
        }

        break
      case 'drop-after':
        end = drop
        break
      case 'truncate':
        end = ({ body }) => partly(response, body, drop)
        break
      case 'hang':
        end = ({ body }) => partly(response, body, () => {})
        break
    }
  }

  const made = await execute(refused)
  if (!(await control.pass(commands, 'after'))) return drop()

  end(made)
}

let count = 0
const epoch = randomBytes(6).toString('base64url')

function answer(response: ServerResponse, status: number, body: unknown): void {
  const headers = {
    'content-type': 'application/json',
    'upstash-sync-token': `${epoch}.${++count}`,
  }
  response.writeHead(status, headers).end(JSON.stringify(body))
}

function unauthorized(response: ServerResponse): void {
  answer(response, 401, { error: 'WRONGPASS invalid or missing auth token' })
}

/** Sends half of the answer, then does something else. */
function partly(response: ServerResponse, body: unknown, then: () => void): void {
  const text = JSON.stringify(body)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.write(text.slice(0, text.length / 2), then)
}

async function stream(
  place: RedisPlace,
  { commands }: Asked,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()

  const socket = await listenToRedis(place, commands[0] ?? [], (reply) =>
    response.write(eventOf(reply)),
  )
  response.once('close', () => socket.destroy())
  socket.once('close', () => response.end())
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** Of one length whatever the token's, so that comparing tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function placeOf({ redisPort, redisUrl, redisSocket }: RedisHttpOptions): RedisPlace {
  if (redisSocket !== undefined) return { path: redisSocket }
  if (redisPort !== undefined) return { host: '127.0.0.1', port: redisPort }
  if (redisUrl === undefined) throw new Error('redisPort, redisUrl or redisSocket is required')

  const { hostname, port } = new URL(redisUrl)
  return { host: hostname, port: Number(port || 6379) }
}
