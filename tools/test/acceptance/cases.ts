/** Kinds of answers a gateway gives, each as a handler that gives only this one. */
import { createGateway, type Route } from '../../../src/gateway/index.ts'
import type { HeaderOptions } from '../../../src/headers/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'
import { assertionKey, sessionSecret } from '../../dev/secret.ts'
import type { Handler } from './score.ts'

/** The name of the gateway in every case. */
export const host = 'gw.example.test'

const html = { 'content-type': 'text/html; charset=utf-8' }
const script = '<script src="/app.js" integrity="sha384-x" nonce="n"></script>'

interface Case {
  readonly name: string
  /** What the upstream answers. */
  readonly upstream?: () => Response
  /** What is asked in place of the scanner's GET. */
  readonly ask?: RequestInit
  readonly routes?: Route<'app'>[]
  readonly headers?: HeaderOptions
}

const open: Route<'app'>[] = [{ path: '/*', to: 'app', access: 'public' }]

const kinds: readonly Case[] = [
  { name: 'document', upstream: () => new Response(`<!doctype html>${script}`, { headers: html }) },
  { name: 'JSON', upstream: () => Response.json({ ok: true }) },
  {
    name: 'redirect',
    upstream: () => new Response(null, { status: 302, headers: { location: '/next' } }),
  },
  {
    name: '404, a page of the upstream',
    upstream: () => new Response('<p>Not found', { status: 404, headers: html }),
  },
  {
    name: '404, our page',
    routes: [{ path: '/app', to: 'app', access: 'public' }],
    ask: { headers: { accept: 'text/html' } },
  },
  {
    name: '500, a page of the upstream',
    upstream: () => new Response('<p>Oops', { status: 500, headers: html }),
  },
  {
    name: '502, our page',
    upstream: () => {
      throw new TypeError('fetch failed')
    },
    ask: { headers: { accept: 'text/html' } },
  },
  { name: '401, as problem+json', routes: [{ path: '/*', to: 'app', access: 'session' }] },
  {
    name: '403, forged by another site',
    ask: { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } },
  },
  {
    name: '403, the same as our page',
    ask: {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'cross-site',
        accept: 'text/html',
        'sec-fetch-dest': 'document',
      },
    },
  },
  {
    name: '429',
    upstream: () => Response.json({}, { status: 429, headers: { 'retry-after': '10' } }),
  },
  {
    name: 'style sheet',
    upstream: () => new Response('p{}', { headers: { 'content-type': 'text/css' } }),
  },
  {
    name: 'script',
    upstream: () => new Response('1', { headers: { 'content-type': 'text/javascript' } }),
  },
  {
    name: 'picture',
    upstream: () => new Response('', { headers: { 'content-type': 'image/png' } }),
  },
  {
    name: 'SVG',
    upstream: () => new Response('<svg/>', { headers: { 'content-type': 'image/svg+xml' } }),
  },
  { name: 'film', upstream: () => new Response('', { headers: { 'content-type': 'video/mp4' } }) },
  { name: 'nothing', upstream: () => new Response(null, { status: 204 }) },
]

/** Every kind under every preset that promises the highest score. */
export async function cases(): Promise<Array<{ name: string; kind: string; handler: Handler }>> {
  const [secret, key] = [sessionSecret(), await assertionKey()]
  return (['recommended', 'strict', 'api'] as const).flatMap((preset) =>
    kinds.map(({ name, upstream, ask, routes = open, headers }) => {
      const gateway = createGateway<'app', object>({
        publicOrigin: `https://${host}`,
        upstreams: { app: { url: 'http://upstream.test' } },
        session: statelessSessions({ secret }),
        assertion: { key },
        headers: { preset, ...headers },
        routes,
        fetch: async () => upstream?.() ?? new Response(null, { status: 204 }),
        onFault: () => {},
      })

      const handler: Handler = (request) =>
        gateway.fetch(ask ? new Request(request.url, ask) : request)
      return { name: `${preset}: ${name}`, kind: name, handler }
    }),
  )
}
