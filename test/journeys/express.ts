/** Express, Fastify and node:http with the stack around them, by the page. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill, type Page } from './support/pages.ts'
import { eventually, run, shellOk } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'
import { createVisitor } from './support/visitor.ts'

const path = 'docs/express.md'
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`

interface Listening {
  close(): unknown
}

export const expressJourney: Journey = {
  name: 'Express and Fastify',
  pages: [path],
  async walk(trip) {
    const page = trip.page(path)
    trip.write('package.json', '{ "type": "module" }')
    await walkExpress(trip, page)
    await walkFastify(trip, page)
    await walkHandler(trip, page)
  },
}

async function walkExpress(trip: Trip, page: Page): Promise<void> {
  const port = await freePort()
  trip.write('app.ts', page.next('ts', '// app.ts').text)
  trip.write('server.ts', fill(page.next('ts', '// server.ts').text, { '3000': `${port}` }))
  const [, start = ''] = page.next('sh', 'node server.ts').text.trim().split('\n')
  const user = createVisitor(`http://localhost:${port}`)

  await trip.step(`${path}: the Express app starts by the page's command`, async () => {
    const program = trip.use(run('bash', ['-c', start], { cwd: trip.folder, env: { PATH } }))
    await eventually(() => user.open('/')).catch((error) => {
      throw new Error(program.said(), { cause: error })
    })
    assert.deepEqual((await user.open('/')).json(), { user: null })
  })

  await trip.step(`${path}: a login, a page of the user and a logout`, async () => {
    assert.equal((await user.submit('/login', { user: 'ada' })).status, 303)
    assert.deepEqual((await user.open('/')).json(), { user: 'ada' })
    await user.submit('/logout')
    assert.deepEqual((await user.open('/')).json(), { user: null })
  })

  await trip.step(`${path}: the 404 has the headers, and other sites are rejected`, async () => {
    page.promises('Every response has the headers and cookies of the stack')
    const missing = await user.open('/nowhere')
    assert.equal(missing.status, 404)
    assert.equal(missing.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(missing.headers.get('x-powered-by'), null)
    assert.equal((await user.submit('/login', { user: 'eve' }, 'https://evil.example')).status, 403)
  })

  await trip.step(`${path}: a path that a URL parser would change is 400`, async () => {
    page.promises('A path that a URL parser would change (/admin/../public) is 400 or redirected')
    const curl = `curl -s -o /dev/null -w '%{http_code}' --path-as-is http://localhost:${port}/a/../b`
    assert.equal(await shellOk(curl, { cwd: trip.folder }), '400')
  })
}

async function walkFastify(trip: Trip, page: Page): Promise<void> {
  await trip.step(`${path}: Fastify signs a user in`, async () => {
    process.env.SESSION_SECRET = 'B7k2Xv9Qm4Tz8Lc1Ws6Rn3Hd5Yp0JgFa'
    const block = page.next('ts', '// fastify.ts').text
    const { app } = await trip.load<{
      app: Listening & { listen(options: object): Promise<string> }
    }>('fastify-app.ts', block)
    const visitor = createVisitor(await app.listen({ port: 0, host: '127.0.0.1' }))
    trip.use({ stop: async () => app.close() })
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    assert.equal((await visitor.send('POST', '/login', headers, '{"user":"ada"}')).status, 303)
    const home = await visitor.open('/')
    assert.deepEqual(home.json(), { user: 'ada' })
    assert.equal(home.headers.get('x-content-type-options'), 'nosniff')
  })
}

async function walkHandler(trip: Trip, page: Page): Promise<void> {
  await trip.step(`${path}: node:http serves a gateway`, async () => {
    const port = await freePort()
    const upstream = trip.use(await startUpstream())
    const text = fill(page.next('ts', '// handler.ts').text, {
      'http://localhost:3000': `http://localhost:${port}`,
      'http://127.0.0.1:8080': upstream.url,
    })
    const { server } = await trip.load<{
      server: Listening & { listen(port: number, host: string, done: () => void): unknown }
    }>('handler.ts', text)
    await new Promise<void>((done) => void server.listen(port, '127.0.0.1', done))
    trip.use({ stop: async () => server.close() })
    assert.equal((await createVisitor(`http://localhost:${port}`).open('/a')).text, 'upstream /a')
  })
}
