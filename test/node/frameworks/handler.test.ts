import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { toNodeHandler } from '../../../node/index.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import { type Client, start } from './support.ts'

const large = randomBytes(2_000_000)

let client: Client | undefined
afterEach(async () => {
  await client?.close()
  client = undefined
})

const app = new Hono()
  .get('/shop/hello', (c) => c.json({ path: c.req.path, name: (c.env as { NAME: string }).NAME }))
  .post('/shop/echo', async (c) => c.body(await c.req.arrayBuffer()))
  .get('/shop/fault', () => {
    throw new Error('a fault')
  })

describe('a handler of Node', () => {
  test('serves a Hono app in Express, with its whole path and every byte of a body', async () => {
    const site = express()
    site.use('/shop', toNodeHandler(app, { env: { NAME: 'Ada' } }))
    site.use((_incoming, response) => void response.status(404).send('Express'))
    client = await start(site)
    expect(JSON.parse((await client.send('GET', '/shop/hello')).text)).toEqual({
      path: '/shop/hello',
      name: 'Ada',
    })
    expect((await client.send('POST', '/shop/echo', { body: large })).body.equals(large)).toBe(true)
    expect((await client.send('GET', '/elsewhere')).text).toBe('Express')
  })

  test('serves a gateway on a server of node:http', async () => {
    const upstream = await start((incoming: IncomingMessage, response: ServerResponse) => {
      response.end(`upstream ${incoming.url}`)
    })
    const gateway = createGateway({
      publicOrigin: 'http://localhost:3000',
      hosts: ['127.0.0.1:*'],
      upstreams: { app: { url: `http://127.0.0.1:${upstream.port}` } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    client = await start(toNodeHandler(gateway))
    const answer = await client.send('GET', '/a/b')
    expect([answer.status, answer.text]).toEqual([200, 'upstream /a/b'])
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    await upstream.close()
  })

  test('does not serve a body that something has read', async () => {
    const site = express()
    site.use(express.text(), toNodeHandler(app))
    client = await start(site)
    const headers = { 'content-type': 'text/plain' }
    expect((await client.send('POST', '/shop/echo', { headers, body: 'x' })).status).toBe(500)
  })

  test('names options that it does not know', () => {
    expect(() => toNodeHandler(app, { port: 1 } as never)).toThrow('toNodeHandler.port')
    expect(() => toNodeHandler({} as never)).toThrow(
      'must get a gateway, or an app with the function fetch',
    )
  })
})
