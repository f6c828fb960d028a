/** Next projects that hold no guard: a static export with one in front of its files, and a project behind a gateway. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { createGateway } from '../../src/gateway/index.ts'
import { openSession, type StatelessStrategy, statelessSessions } from '../../src/session/index.ts'
import { vercel } from '../../src/vercel/index.ts'
import type { Attack } from './next-addresses.ts'
import type { Cookies } from './next-projects.ts'

interface Data {
  user: string
}

type Handler = (request: Request) => Response | Promise<Response>

/** Something that listens in front of a project. */
export interface Front {
  readonly url: string
  /** Sessions without and with the role. */
  readonly cookies: Cookies
  stop(): Promise<void>
}

const roles = ({ user }: Data): string[] => (user === 'alice' ? ['admin'] : [])

function createSessions(): StatelessStrategy<Data> {
  return statelessSessions<Data>({
    secret: 'Xk7#pQ2v-9sLw4Zt-m8RbN1cYf-6hJdE3g',
    user: ({ user }) => user,
  })
}

async function cookieFor(sessions: StatelessStrategy<Data>, user: string): Promise<string> {
  const headers = new Headers()
  await openSession(sessions, { request: { headers: new Headers() }, headers }).start({ user })
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** Serves a handler on a port of its own; the handler is made once the port is known. */
async function listen(
  create: (url: string, sessions: StatelessStrategy<Data>) => Handler,
): Promise<Front> {
  const sessions = createSessions()
  let handler: Handler | undefined
  const server = createServer((incoming, outgoing) => {
    const { host = 'localhost', ...headers } = incoming.headers as Record<string, string>
    const body = incoming.method === 'GET' || incoming.method === 'HEAD' ? null : incoming
    const init = { method: incoming.method, headers: { ...headers, host }, body, duplex: 'half' }
    const answer = async (): Promise<void> => {
      const request = new Request(`http://${host}${incoming.url}`, init as unknown as RequestInit)
      const response = (await handler?.(request)) ?? new Response(null, { status: 503 })
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(Buffer.from(await response.arrayBuffer()))
    }

    answer().catch(() => outgoing.writeHead(400).end())
  })

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  handler = create(url, sessions)

  const cookies = {
    bob: await cookieFor(sessions, 'bob'),
    alice: await cookieFor(sessions, 'alice'),
  }
  const stop = (): Promise<void> =>
    new Promise((done) => server.close(() => done()).closeAllConnections())

  return { url, cookies, stop }
}

const publicPaths = [
  '/',
  '/login',
  '/gallery',
  '/images/*',
  '/_next/static/*',
  '/favicon.ico',
] as const

/** Serves the files of a static export behind a guard, as Vercel does with the entry `proxy` of vercel.json. */
export function serveExport(folder: string): Promise<Front> {
  return listen((publicOrigin, session) => {
    const guard = vercel<Data>({
      publicOrigin,
      session,
      roles,
      platform: 'none',
      routes: [
        ...publicPaths.map((path) => ({ path, access: 'public' as const })),
        { path: '/admin/*', access: { role: 'admin' } },
        // A site whose other pages are public is the harder one: nothing else stands before an address that was missed.
        { path: '/*', access: 'public' },
      ],
    })

    return async (request) => {
      const guarded = await guard(request)
      if (!guarded.headers.has('x-middleware-next')) return guarded

      const file = findFile(join(folder, 'out'), decodeURIComponent(new URL(request.url).pathname))
      const headers = new Headers(
        [...guarded.headers].filter(([name]) => !name.startsWith('x-middleware-')),
      )
      if (file === undefined) return new Response('nothing', { status: 404, headers })

      headers.set('content-type', types.get(extname(file)) ?? 'application/octet-stream')
      return new Response(readFileSync(file), { headers })
    }
  })
}

const types = new Map([
  ['.html', 'text/html'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.png', 'image/png'],
  ['.txt', 'text/plain'],
])

/** As nginx with `try_files $uri $uri.html $uri/index.html`, and most hosts of static files. */
function findFile(root: string, path: string): string | undefined {
  const bare = path.replace(/\/+$/, '')
  const all = [bare, `${bare}.html`, `${bare}/index.html`, `${bare}.txt`].map((name) =>
    join(root, name),
  )
  return all.find((file) => existsSync(file) && statSync(file).isFile())
}

/** Every file of a static export that belongs to the guarded pages, and every way to ask for it. */
export function listExportAttacks(folder: string): Attack[] {
  const root = join(folder, 'out')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => `/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.includes('admin') && statSync(join(root, file)).isFile())
  if (files.length < 4) throw new Error(`found ${files.length} files of guarded pages in ${root}`)

  const paths = files.flatMap((file) => [
    file,
    file.replace(/\.(?:html|txt)$/, ''),
    file.replace(/(?:\/index)?\.html$/, '/'),
    file.replace('admin', '%61dmin'),
    file.replace('admin', 'ADMIN'),
    `/${file}`,
    `/x/..${file}`,
    `/_next/static/..%2f..${file}`,
    `${file}?_rsc=1x2y3`,
  ])

  return [...new Set(paths)].map((path) => ({ path, headers: {} }))
}

/** A gateway in front of a project without a guard; all but the guarded pages is public. */
export function serveGateway(upstream: string): Promise<Front> {
  return listen((publicOrigin, session) => {
    const gateway = createGateway({
      publicOrigin,
      platform: 'none',
      session,
      roles,
      upstreams: { next: { url: upstream, aliases: 'next' } },
      routes: [
        { path: '/admin/*', to: 'next', access: { role: 'admin' } },
        { path: '/*', to: 'next', access: 'public' },
      ],
    })

    return (request) => gateway.fetch(request)
  })
}
