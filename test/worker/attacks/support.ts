/** The gateway of gateway.fixture.ts in bare workerd, in front of an origin that keeps every byte. */
import { assertionKey } from '../../../tools/dev/secret.ts'
import { closedPort } from '../../node/gateway/support.ts'
import { raw } from '../../support/raw.ts'
import { startTcpOrigin, type TcpOrigin } from '../../support/tcp-origin.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'
import { bytes } from './table.ts'

export interface Field {
  readonly worker: Workerd
  readonly origin: TcpOrigin
  /** Cookies of who may: `name=value`. */
  readonly session: string
  readonly visitor: string
  /** What the upstream saw, with words for what is made anew each time. */
  seen(): string
  stop(): Promise<void>
}

export async function takeField(): Promise<Field> {
  const origin = await startTcpOrigin()
  const worker = await startWorkerd(
    { entry: 'test/worker/attacks/gateway.fixture.ts' },
    {
      bindings: {
        UPSTREAM_URL: origin.url,
        DEAD_URL: `http://127.0.0.1:${await closedPort()}`,
        SESSION_SECRET: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
        ASSERTION_KEY: await assertionKey(),
      },
    },
  )
  const host = new URL(origin.url).host
  return {
    worker,
    origin,
    session: await signIn(worker.port, origin, { user: 'ada', roles: ['admin'] }),
    visitor: await signIn(worker.port, origin, { user: 'bob' }),
    seen: () => generic(origin.requests.join('') + origin.rest, host),
    async stop(): Promise<void> {
      await worker.stop()
      await origin.stop()
    },
  }
}

/** Logs in as an origin does it, over the wire. */
export async function signIn(
  port: number,
  origin: TcpOrigin,
  data: object,
  cookie = '',
): Promise<string> {
  origin.answer((socket, request) => {
    const nonce = /^portcullis-session-nonce: (.*)$/m.exec(request)?.[1]?.trim()
    const order = Buffer.from(JSON.stringify({ start: { data } })).toString('base64url')
    socket.write(bytes(['HTTP/1.1 204 No Content', `Portcullis-Session: ${nonce}.${order}`]))
  })
  const head = [
    'POST /login HTTP/1.1',
    'Host: gateway.test',
    'Origin: http://gateway.test',
    'Content-Length: 0',
  ]
  const [answer] = await raw(port, bytes(cookie === '' ? head : [...head, `Cookie: ${cookie}`]))
  origin.reset()
  const [pair = ''] = answer?.header('set-cookie')?.split(';') ?? []
  if (!pair.startsWith('__Host-session=')) throw new Error('nobody was logged in')
  return pair
}

function generic(text: string, host: string): string {
  return text
    .replaceAll(`Host: ${host}`, 'Host: {origin}')
    .replace(/^x-request-id: [\w-]{22}\r$/gm, 'x-request-id: {id}\r')
    .replace(/^portcullis-session-nonce: [\w-]{22}\r$/gm, 'portcullis-session-nonce: {nonce}\r')
    .replace(
      /^portcullis-assertion: (?:[\w-]+\.){2}[\w-]{86}\r$/gm,
      'portcullis-assertion: {jwt}\r',
    )
    .replace(/'nonce-[\w-]{24}'/g, "'nonce-{page-nonce}'")
}
