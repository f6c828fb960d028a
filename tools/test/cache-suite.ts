/**
 * Runs the public tests of HTTP caches against the gateway: `node tools/test/cache-suite.ts <folder>`, where the folder is a copy of
 * github.com/http-tests/cache-tests, which is nobody's dependency here. Prints what does not hold, and counts.
 *
 * The tests find their place in a scenario by request headers (`Req-Num`), which this cache never hands on; they are laid on the
 * request to their server, past the gateway.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { pathToFileURL } from 'node:url'
import { createGateway, publicCache } from '../../src/gateway/index.ts'

interface Suite {
  readonly tests: ReadonlyArray<{
    readonly id: string
    readonly kind?: string
    readonly browser_only?: boolean
  }>
}
type Results = Readonly<Record<string, true | readonly string[]>>

const [folder] = process.argv.slice(2)
if (folder === undefined)
  throw new Error('Usage: node tools/test/cache-suite.ts <folder of http-tests/cache-tests>')
const [originPort, gatewayPort] = [8802, 8803]
const client = new AsyncLocalStorage<IncomingHttpHeaders | undefined>()
const kept = new Map<string, { status: number; headers: Headers; body: ArrayBuffer }>()

const gateway = createGateway({
  publicOrigin: `http://127.0.0.1:${gatewayPort}`,
  platform: 'none',
  headers: { contentSecurityPolicy: false, reporting: false },
  upstreams: { app: { url: `http://127.0.0.1:${originPort}` } },
  routes: [
    {
      path: '/test/*',
      to: 'app',
      access: 'public',
      csrf: false,
      retry: false,
      cache: publicCache({
        query: ['foo', 'bar', 'baz', 'test'],
        vary: ['foo', 'bar', 'baz', 'abc', 'test-header', 'accept-language'],
        ranges: true,
        staleIfError: 'upstream',
        staleWhileRevalidate: 'upstream',
        store: {
          async match({ url }): Promise<Response | undefined> {
            const found = kept.get(url)
            return found && new Response(found.body, found)
          },
          async put({ url }, response): Promise<void> {
            const { status, headers } = response
            kept.set(url, { status, headers, body: await response.arrayBuffer() })
          },
        },
      }),
    },
    { path: '/*', to: 'app', access: 'public', csrf: false, retry: false },
  ],
  fetch: send as typeof fetch,
})

/** A request as it is: Node's own `fetch` would add headers to it. */
function send(url: string, init: RequestInit): Promise<Response> {
  const headers: Record<string, string> = Object.fromEntries(new Headers(init.headers))
  for (const name of ['req-num', 'test-id', 'test-name']) {
    const value = client.getStore()?.[name]
    if (typeof value === 'string') headers[name] = value
  }

  return new Promise((done, fail) => {
    const outgoing = request(url, { method: init.method ?? 'GET', headers }, (incoming) => {
      const { statusCode: status = 502, rawHeaders } = incoming
      const said = new Headers()

      for (let i = 0; i < rawHeaders.length; i += 2)
        said.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
      const empty = init.method === 'HEAD' || [204, 205, 304].includes(status)
      if (empty) incoming.resume()

      // The suite's own 999 says that a condition was missing.
      if (status > 599) return fail(new TypeError(`status ${status}`))

      done(
        new Response(empty ? null : (Readable.toWeb(incoming) as ReadableStream), {
          status,
          headers: said,
        }),
      )
    })

    outgoing.on('error', fail)
    init.signal?.addEventListener('abort', () => outgoing.destroy())

    if (init.body instanceof ReadableStream)
      Readable.fromWeb(init.body as NodeStream).pipe(outgoing)
    else outgoing.end(init.body)
  })
}

const front = createServer((incoming, outgoing) =>
  client.run(incoming.url?.startsWith('/test/') ? incoming.headers : undefined, async () => {
    const { method = 'GET', rawHeaders } = incoming
    const headers = new Headers()

    for (let i = 0; i < rawHeaders.length; i += 2)
      headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const init: RequestInit & { duplex: 'half' } = { method, headers, duplex: 'half' }

    if (hasBody) init.body = Readable.toWeb(incoming) as ReadableStream
    const works: Array<Promise<unknown>> = []
    const context = { waitUntil: (work: Promise<unknown>): void => void works.push(work) }
    const asked = new Request(`http://127.0.0.1:${gatewayPort}${incoming.url}`, init)
    const response = await gateway.fetch(asked, undefined, context)

    outgoing.sendDate = false
    outgoing.writeHead(response.status, response.statusText, [...response.headers].flat())
    outgoing.end(new Uint8Array(await response.arrayBuffer()))
    await Promise.all(works)
  }),
).listen(gatewayPort, '127.0.0.1')

const origin = spawn(process.execPath, ['test-engine/server/server.mjs'], {
  cwd: resolve(folder),
  env: {
    ...process.env,
    npm_config_protocol: 'http',
    npm_config_port: `${originPort}`,
    npm_config_pidfile: resolve(folder, 'server.pid'),
  },
})
await new Promise((done) => origin.stdout.once('data', done))

const load = (path: string): Promise<Record<string, never>> =>
  import(pathToFileURL(resolve(folder, path)).href)
const suites = (await load('tests/index.mjs')).default as unknown as readonly Suite[]
const runner = (await load('test-engine/client/runner.mjs')) as unknown as {
  runTests(tests: readonly Suite[], browser: boolean, base: string, chunk: number): Promise<void>
  getResults(): Results
}
await runner.runTests(suites, false, `http://127.0.0.1:${gatewayPort}`, 60)
const results = runner.getResults()
const counts = new Map<string, [holds: number, all: number]>()
for (const { id, kind = 'required' } of suites.flatMap(({ tests }) => tests)) {
  const result = results[id]
  if (result === undefined) continue
  const [holds, all] = counts.get(kind) ?? [0, 0]
  counts.set(kind, [holds + (result === true ? 1 : 0), all + 1])
  if (result !== true && kind === 'required') console.log(`${id}: ${result.join(' ')}`)
}
for (const [kind, [holds, all]] of counts) console.log(`${kind}: ${holds} of ${all} hold`)
origin.kill()
front.close()
front.closeAllConnections()
