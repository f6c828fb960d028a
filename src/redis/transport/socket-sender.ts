/**
 * Creates a sender for `redis({ send })` that speaks Redis's own protocol over a TCP socket of a
 * Cloudflare Worker. Applications call `socketSender()`. It opens a socket for each round trip,
 * because a socket must not outlive its request. Wrong options throw a `ConfigError`, a wrong URL
 * in the environment at the first call.
 *
 * The sender rejects where the socket cannot be opened or is closed early, and where a reply is not of
 * the Redis protocol. It closes the socket when the client's time limit is over. A login (AUTH) or a
 * database (SELECT) that Redis refuses does not reject: its error is the reply to every command.
 */
import { createIssues, type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import { decodeReplies, encodeCommands, type RespReply } from './resp.ts'
import type { SendCommands } from './send-source.ts'

/** The part of `connect` of `cloudflare:sockets` that is needed. */
export type ConnectSocket = (
  address: { readonly hostname: string; readonly port: number },
  options: { readonly secureTransport: 'on' | 'off'; readonly allowHalfOpen: boolean },
) => {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  close(): Promise<void>
}

/** Options of {@link socketSender}. */
export interface SocketSenderOptions {
  /** The function `connect` of `cloudflare:sockets`. */
  readonly connect: ConnectSocket
  /** The URL of Redis: `rediss://user:password@host:port/0`, or `redis:` without TLS. */
  readonly url: FromEnv<string>
}

interface RedisAddress {
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
  /** The commands to send first: AUTH and SELECT. */
  readonly greeting: ReadonlyArray<readonly string[]>
}

/**
 * Creates a sender that opens a socket for each round trip, since on Workers a socket cannot
 * outlive its request. Greeting and commands are sent in one write, after the handshakes of TCP and
 * TLS.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const client = redis({ send: socketSender({ connect, url: (c) => c.env.REDIS_URL }) })
 */
export function socketSender(options: SocketSenderOptions): SendCommands {
  const issues = createIssues('socketSender')
  const { connect, url } = { ...options }
  if (typeof connect !== 'function')
    issues.add('connect', 'must be the function connect of cloudflare:sockets')
  const readAddress = resolveFrom(issues, 'url', url, parseAddress)
  issues.throwIfAny()

  return async (commands, { env, signal }) => {
    const { hostname, port, secure, greeting } = readAddress(env)
    const secureTransport = secure ? 'on' : 'off'
    const socket = connect({ hostname, port }, { secureTransport, allowHalfOpen: false })
    const close = (): void => void socket.close().catch(() => {})
    signal.addEventListener('abort', close)
    try {
      const allCommands = [...greeting, ...commands]
      const writer = socket.writable.getWriter()
      await writer.write(encodeCommands(allCommands))
      const replies = await readReplies(socket.readable, allCommands.length)
      const greetingError = replies.slice(0, greeting.length).find(isError)
      return replies
        .slice(greeting.length)
        .map((reply) => greetingError ?? (isError(reply) ? reply : { result: reply }))
    } finally {
      signal.removeEventListener('abort', close)
      close()
    }
  }
}

async function readReplies(
  readable: ReadableStream<Uint8Array>,
  count: number,
): Promise<RespReply[]> {
  const reader = readable.getReader()
  let bytes = new Uint8Array()
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined)
      throw new Error('The socket was closed before Redis had replied')
    const longerBytes = new Uint8Array(bytes.length + value.length)
    longerBytes.set(bytes)
    longerBytes.set(value, bytes.length)
    bytes = longerBytes

    const replies = decodeReplies(bytes, count)
    if (replies !== undefined) return replies
  }
}

function isError(reply: RespReply): reply is { readonly error: string } {
  return typeof reply === 'object' && reply !== null && 'error' in reply
}

function parseAddress(value: string, issues: Issues): RedisAddress {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:'
  if (url === undefined || !isRedis || url.hostname === '')
    issues.add('', 'must be a redis:// or rediss:// URL with a host')

  const { hostname = '', port = '', username = '', password = '', pathname = '' } = url ?? {}
  const database = pathname.replace(/^\//, '')
  if (!/^\d{0,4}$/.test(database))
    issues.add('', 'must have the number of a database as its path, such as /0, or no path')
  const user = username === '' ? [] : [decodeText(username, issues)]
  const auth = password === '' ? [] : [['AUTH', ...user, decodeText(password, issues)]]
  const select = database === '' || database === '0' ? [] : [['SELECT', database]]
  return {
    hostname,
    port: port === '' ? 6379 : Number(port),
    secure: url?.protocol === 'rediss:',
    greeting: [...auth, ...select],
  }
}

/** Decodes the user or the password of a URL. A percent sign that begins no escape is an issue. */
function decodeText(text: string, issues: Issues): string {
  try {
    return decodeURIComponent(text)
  } catch {
    issues.add('', 'must write each % of the user and the password as %25')
    return ''
  }
}
