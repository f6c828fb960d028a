/**
 * Speaks Redis's own protocol over a socket of a Worker, for `redis({ send })`. Applications call
 * `socketSender`. It opens a socket for each round trip, and rejects where that is closed early;
 * wrong options are a `ConfigError`.
 */
import { createIssues, type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import { decodeReplies, encodeCommands, type RespReply } from './resp.ts'
import type { SendCommands } from './send-source.ts'

/** `connect` of `cloudflare:sockets`, as far as it is needed here. */
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
  /** `import { connect } from 'cloudflare:sockets'`. */
  readonly connect: ConnectSocket
  /** `REDIS_URL`: `rediss://user:password@host:port/0`; `redis:` without TLS. */
  readonly url: FromEnv<string>
}

interface RedisAddress {
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
  /** The commands that come first: AUTH and SELECT. */
  readonly greeting: ReadonlyArray<readonly string[]>
}

/**
 * Sends over a socket that is opened for each round trip, since on Workers none outlives its request: greeting and
 * commands leave in one write, behind the handshakes of TCP and TLS.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const client = redis({ send: socketSender({ connect, url: (c) => c.env.REDIS_URL }) })
 */
export function socketSender(options: SocketSenderOptions): SendCommands {
  const issues = createIssues('socketSender')
  const { connect, url } = { ...options }
  if (typeof connect !== 'function') issues.add('connect', 'must be connect of cloudflare:sockets')
  const readAddress = resolveFrom(issues, 'url', url, parseAddress)
  issues.throwIfAny()

  return async (commands, { env, signal }) => {
    const { hostname, port, secure, greeting } = readAddress(env)
    const secureTransport = secure ? 'on' : 'off'
    const socket = connect({ hostname, port }, { secureTransport, allowHalfOpen: false })
    const close = (): void => void socket.close().catch(() => {})
    signal.addEventListener('abort', close)
    try {
      const all = [...greeting, ...commands]
      const writer = socket.writable.getWriter()
      await writer.write(encodeCommands(all))
      const replies = await readReplies(socket.readable, all.length)
      const refusal = replies.slice(0, greeting.length).find(isError)
      return replies
        .slice(greeting.length)
        .map((reply) => refusal ?? (isError(reply) ? reply : { result: reply }))
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
    if (done || value === undefined) throw new Error('the socket was closed')
    const joined = new Uint8Array(bytes.length + value.length)
    joined.set(bytes)
    joined.set(value, bytes.length)
    bytes = joined
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
    issues.add('', 'must begin with redis:// or rediss:// and name a host')

  const { hostname = '', port = '', username = '', password = '', pathname = '' } = url ?? {}
  const database = pathname.replace(/^\//, '')
  if (!/^\d{0,4}$/.test(database)) issues.add('', 'must name a database by its number')
  const user = username === '' ? [] : [decodeURIComponent(username)]
  const auth = password === '' ? [] : [['AUTH', ...user, decodeURIComponent(password)]]
  const select = database === '' || database === '0' ? [] : [['SELECT', database]]
  return {
    hostname,
    port: port === '' ? 6379 : Number(port),
    secure: url?.protocol === 'rediss:',
    greeting: [...auth, ...select],
  }
}
