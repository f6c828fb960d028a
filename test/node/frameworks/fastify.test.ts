import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { type Client, createFastifyApp, start } from './support.ts'

const large = randomBytes(900_000)
const own = { 'sec-fetch-site': 'same-origin' }

let client: Client | undefined
afterEach(async () => {
  await client?.close()
  client = undefined
})

/** An app with a login, a body, a stream and a fault. */
async function serve(): Promise<Client> {
  const { app, guard } = createFastifyApp({ body: { maxBytes: 1_000_000 } })
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    buffer(payload).then((body) => done(null, body), done)
  })
  app.post('/echo', async (request, reply) =>
    reply.type('application/octet-stream').send(request.body),
  )
  app.post('/json', async (request) => request.body)
  app.post('/login', async (request, reply) => {
    reply.header('set-cookie', 'theme=dark')
    await guard.var(request).session.start({ user: 'ada' })
    return reply.redirect('/', 303)
  })
  app.get('/', async (request) => (await guard.var(request).session.get()) ?? { user: null })
  app.get('/stream', async (_request, reply) =>
    reply.send(Readable.from(Array.from({ length: 50 }, () => large.subarray(0, 100_000)))),
  )
  app.get('/fault', async () => {
    throw new Error('a fault')
  })
  client = await start(app)
  return client
}

describe('a stack around Fastify', () => {
  test('leaves bodies byte for byte, and knows the limit without a length', async () => {
    const { send } = await serve()
    const headers = { ...own, 'content-type': 'application/octet-stream' }
    const pieces = Array.from({ length: 18 }, (_, index) =>
      large.subarray(index * 50_000, (index + 1) * 50_000),
    )
    for (const body of [large, pieces])
      expect((await send('POST', '/echo', { headers, body })).body.equals(large)).toBe(true)

    const tooLarge = [...pieces, ...pieces.slice(0, 3)]
    expect((await send('POST', '/echo', { headers, body: tooLarge })).status).toBe(413)
    const json = { ...own, 'content-type': 'application/json' }
    expect((await send('POST', '/json', { headers: json, body: '{"a":1}' })).text).toBe('{"a":1}')
  })

  test('puts its headers on pages, streams, the 404 and errors', async () => {
    const { send } = await serve()
    for (const [path, status] of [
      ['/', 200],
      ['/stream', 200],
      ['/nowhere', 404],
      ['/fault', 500],
    ] as const) {
      const answer = await send('GET', path)
      expect([path, answer.status, answer.headers['x-content-type-options']]).toEqual([
        path,
        status,
        'nosniff',
      ])
    }
    expect((await send('GET', '/stream')).body.length).toBe(5_000_000)
    const head = await send('HEAD', '/')
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '13'])
  })

  test('signs in, beside the cookies of the app', async () => {
    const { send } = await serve()
    const login = await send('POST', '/login', { headers: own })
    expect([login.status, login.headers['set-cookie']?.includes('theme=dark')]).toEqual([303, true])
    const cookie =
      login.headers['set-cookie']?.find((line) => line.startsWith('__Host-'))?.split(';')[0] ?? ''
    expect((await send('GET', '/', { headers: { cookie } })).text).toBe('{"user":"ada"}')
  })

  test('answers a form of another site itself', async () => {
    const { send } = await serve()
    const answer = await send('POST', '/login', { headers: { 'sec-fetch-site': 'cross-site' } })
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
  })
})
