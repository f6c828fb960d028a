/**
 * A site with device-bound sessions over TLS, on Node and in bare workerd, and a Chromium that
 * binds them.
 */
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { WebSocketServer } from 'ws'
import { serve } from '../../node/index.ts'
import { assertionKey } from '../../tools/dev/secret.ts'
import { freePorts } from '../../tools/dev/start-dev.ts'
import { startWorkerd } from '../support/workerd.ts'
import fixture, { type Entry, type Faults } from './gateway.fixture.ts'

export const runtimes = ['node', 'workerd'] as const
export type RuntimeName = (typeof runtimes)[number]

/**
 * A certificate of this minute for every host of these tests, and the hash by which Chromium takes
 * it.
 */
export interface Tls {
  readonly key: string
  readonly certificate: string
  readonly spki: string
}

export function createTls(): Tls {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-tls-'))
  const [key, certificate] = [join(at, 'key.pem'), join(at, 'certificate.pem')]
  const names = 'subjectAltName=DNS:example.test,DNS:*.example.test,DNS:other.test,DNS:localhost'
  const options = `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext`
  execFileSync(
    'openssl',
    ['req', '-x509', ...options.split(' '), names, '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  )
  const texts = { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
  rmSync(at, { recursive: true, force: true })
  const { publicKey } = new X509Certificate(texts.certificate)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { ...texts, spki: createHash('sha256').update(der).digest('base64') }
}

/** A gateway over TLS in front of an application. */
export interface Site {
  /** `https://app.example.test:<port>` */
  readonly origin: string
  readonly port: number
  set(faults: Faults): Promise<void>
  /** What happened since the last call. */
  log(): Promise<Entry[]>
  stop(): Promise<void>
}

export async function startSite(
  runtime: RuntimeName,
  tls: Tls,
  options: { readonly site?: boolean; readonly host?: string } = {},
): Promise<Site> {
  const upstream = await startUpstream()
  const { gateway: port } = await freePorts()
  const origin = `https://${options.host ?? 'app.example.test'}:${port}`
  const env = {
    PUBLIC_ORIGIN: origin,
    UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    ASSERTION_KEY: await assertionKey(),
    ...(options.site && { SITE_ORIGIN: `https://example.test:${port}` }),
  }
  const stopGateway =
    runtime === 'workerd' ? await startOnWorkerd(env, tls, port) : await startOnNode(env, tls, port)
  const ask = async (path: string, body?: string): Promise<string> => {
    const { default: https } = await import('node:https')
    return new Promise((done, failed) => {
      const out = https.request(
        `https://127.0.0.1:${port}${path}`,
        { method: body === undefined ? 'GET' : 'POST', rejectUnauthorized: false, agent: false },
        (message) => readAll(message).then(done, failed),
      )
      out.on('error', failed).end(body)
    })
  }
  return {
    origin,
    port,
    set: async (faults) => void (await ask('/.test/faults', JSON.stringify(faults))),
    log: async () => JSON.parse(await ask('/.test/log')) as Entry[],
    async stop(): Promise<void> {
      await stopGateway()
      upstream.closeAllConnections()
      upstream.close()
    },
  }
}

async function startOnWorkerd(
  bindings: Record<string, string>,
  { key, certificate }: Tls,
  port: number,
): Promise<() => Promise<void>> {
  const entry = 'test/browsers/gateway.fixture.ts'
  const worker = await startWorkerd({ entry }, { bindings, tls: { key, certificate, port } })
  return () => worker.stop()
}

/** TLS ends in front of Node, as it does in production. */
async function startOnNode(
  env: Record<string, string>,
  { key, certificate }: Tls,
  port: number,
): Promise<() => Promise<void>> {
  const server = await serve(fixture as never, {
    port: 0,
    env: env as never,
    trustedProxies: 1,
    signals: false,
  })
  const stopFront = await startTlsFront(server.port, { key, certificate }, port)
  return async () => {
    await stopFront()
    await server.stop()
  }
}

/** Ends TLS in front of a server on loopback. Resolves with the function that stops it. */
export async function startTlsFront(
  back: number,
  { key, certificate }: Pick<Tls, 'key' | 'certificate'>,
  port: number,
): Promise<() => Promise<void>> {
  const front = createTlsServer({ key, cert: certificate }, (message, response) => {
    const headers = {
      ...message.headers,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '127.0.0.1',
    }
    const out = forward(
      { port: back, path: message.url, method: message.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    out.on('error', () => response.destroy())
    response.on('close', () => out.destroy())
    message.pipe(out)
  })
  front.on('upgrade', (message, socket, head) => {
    const socketBack = connect(back, '127.0.0.1', () => {
      const fields: string[] = []
      for (let i = 0; i < message.rawHeaders.length; i += 2)
        fields.push(`${message.rawHeaders[i]}: ${message.rawHeaders[i + 1]}`)
      fields.push('X-Forwarded-Proto: https', 'X-Forwarded-For: 127.0.0.1')
      socketBack.write(`GET ${message.url} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
      socketBack.write(head)
      socketBack.pipe(socket).pipe(socketBack)
    })
    for (const end of [socketBack, socket])
      end.on('error', () => [socketBack, socket].map((each) => each.destroy()))
  })
  front.listen(port, '127.0.0.1')
  await once(front, 'listening')
  return async () => {
    front.closeAllConnections()
    front.close()
  }
}

/** An application that knows of its visitors what the gateway tells it. */
async function startUpstream(): Promise<Server> {
  const order = (message: IncomingMessage, verbs: object): string =>
    `${message.headers['portcullis-session-nonce']}.${Buffer.from(JSON.stringify(verbs)).toString('base64url')}`
  const server = createServer(async (message, response) => {
    const { url = '', method } = message
    const { pathname } = new URL(url, 'http://upstream')
    if (pathname === '/login' && method === 'POST') {
      const start = order(message, { start: { data: { user: 'ada' } } })
      return response.writeHead(303, { location: '/', 'portcullis-session': start }).end()
    }
    if (pathname === '/logout') {
      const end = order(message, { end: true })
      return response.writeHead(303, { location: '/public', 'portcullis-session': end }).end()
    }
    if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.end('data: hello\n\n')
    }
    if (pathname.startsWith('/api')) {
      const body = await readAll(message)
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end(JSON.stringify({ method, body, cookie: message.headers.cookie ?? '' }))
    }
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(
      pathname === '/login'
        ? '<!doctype html><title>sign in</title><form method="post"><button>in</button></form>'
        : `<!doctype html><title>${method} ${pathname} ${await readAll(message)}</title>`,
    )
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.send('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function readAll(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/**
 * Flags that turn device-bound sessions on, with keys in software; see
 * docs/device-bound-sessions.md.
 */
export const deviceFlags = (quota = false): string =>
  `--enable-features=DeviceBoundSessions${quota ? '' : ':RefreshQuota/false'},EnableBoundSessionCredentialsSoftwareKeysForManualTesting`

/** A Chromium with a profile of its own, and what it says of its bound sessions. */
export interface Chromium {
  readonly context: BrowserContext
  readonly page: Page
  /** How sessions were made, refreshed and ended, as DevTools tells it. */
  readonly events: string[]
  close(): Promise<void>
}

export async function startChromium(
  { spki }: Tls,
  { flags = [deviceFlags()], profile }: { flags?: string[]; profile?: string } = {},
): Promise<Chromium> {
  const at = profile ?? mkdtempSync(join(tmpdir(), 'portcullis-profile-'))
  const context = await chromium.launchPersistentContext(at, {
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--host-resolver-rules=MAP *.test 127.0.0.1',
      `--ignore-certificate-errors-spki-list=${spki}`,
      ...flags,
    ],
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const events: string[] = []
  await listen(await context.newCDPSession(page), events)
  return {
    context,
    page,
    events,
    async close(): Promise<void> {
      await context.close()
      if (profile === undefined) rmSync(at, { recursive: true, force: true })
    },
  }
}

async function listen(session: CDPSession, events: string[]): Promise<void> {
  // Newer than the protocol that playwright-core has types for.
  const cdp = session as unknown as {
    on(name: string, listener: (event: Record<string, Record<string, string>>) => void): void
    send(method: string, parameters?: object): Promise<unknown>
  }
  cdp.on('Network.deviceBoundSessionEventOccurred', (event) => {
    const { creationEventDetails: creation, terminationEventDetails: termination } = event
    const { refreshEventDetails: refresh } = event
    if (creation) events.push(`created: ${creation.fetchResult}`)
    if (refresh) events.push(`refreshed: ${refresh.refreshResult}`)
    if (termination) events.push(`ended: ${termination.deletionReason}`)
  })
  await cdp.send('Network.enable')
  await cdp.send('Network.enableDeviceBoundSessions', { enable: true }).catch(() => {})
}
