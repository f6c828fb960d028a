/** examples/node-gateway, by the commands of its Dockerfile in an empty folder: started, logged in to, stopped. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionKey } from '../../../tools/dev/secret.ts'
import { installPacked, type Packed } from '../../support/packed.ts'
import { rawFetch } from '../../support/raw.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const example = 'examples/node-gateway'

describe.skipIf(noRedis)('the gateway on Node', () => {
  let packed: Packed
  let store: TestRedis
  let app: Server
  beforeAll(async () => {
    packed = installPacked(['hono', 'jose'])
    store = await startRedis()
    const application = express()
    application.post('/login', (request, response) => {
      const order = Buffer.from('{"start":{"data":{"user":"ada"}}}').toString('base64url')
      response
        .set('Portcullis-Session', `${request.get('portcullis-session-nonce')}.${order}`)
        .status(204)
        .end()
    })
    application.get('/account', (request, response) => {
      response.json({ signed: request.get('portcullis-assertion') !== undefined })
    })
    app = createServer(application).listen(0, '127.0.0.1')
    await once(app, 'listening')
  }, 120_000)
  afterAll(async () => {
    app?.close()
    await store?.stop()
    packed?.remove()
  })

  it('logs in, guards, and ends on SIGTERM', async () => {
    const dockerfile = readFileSync(`${example}/Dockerfile`, 'utf8')
    for (const [, from = '', to = ''] of dockerfile.matchAll(
      /^COPY examples\/node-gateway\/(\S+) (\w+\.ts)$/gm,
    )) {
      copyFileSync(`${example}/${from}`, join(packed.folder, to))
    }
    for (const [, files = ''] of dockerfile.matchAll(
      /^COPY (examples\/node-gateway\/.*) \.\/$/gm,
    )) {
      for (const file of files.split(' '))
        copyFileSync(file, join(packed.folder, file.split('/').pop() ?? ''))
    }
    execFileSync('npm', ['init', '-y'], { cwd: packed.folder, stdio: 'ignore' })
    execFileSync('npm', ['pkg', 'set', 'type=module'], { cwd: packed.folder })
    const [, command = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? []
    const [, ...args] = JSON.parse(command) as string[]
    const child = spawn(process.execPath, args, {
      cwd: packed.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PORT: '0',
        PUBLIC_ORIGIN: 'http://localhost:3000',
        UPSTREAM_URL: `http://127.0.0.1:${(app.address() as AddressInfo).port}`,
        SESSION_SECRET: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
        ASSERTION_KEY: await assertionKey(),
        UPSTASH_REDIS_REST_URL: store.url,
        UPSTASH_REDIS_REST_TOKEN: store.token,
      },
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const port = Number(/:(\d+)\s*$/.exec(`${line}`)?.[1])
    const host = 'localhost:3000'
    expect((await rawFetch(port, { path: '/account', host })).status).toBe(401)
    const headers = [['Origin', 'http://localhost:3000']] as const
    const login = await rawFetch(port, { method: 'POST', path: '/login', host, headers })
    const cookie = login.header('set-cookie')?.split(';')[0] ?? ''
    expect([login.status, cookie]).toEqual([204, expect.stringMatching(/^(?:__Host-)?session=./)])
    const account = await rawFetch(port, { path: '/account', host, headers: [['Cookie', cookie]] })
    expect([account.status, account.text]).toEqual([200, '{"signed":true}'])
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }, 60_000)
})
