/** examples/node-gateway by every line of its Dockerfile and compose file: built, driven, stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisHttp, startRedisHttp } from '../../../tools/dev/redis-http.ts'
import { assertionKey } from '../../../tools/dev/secret.ts'
import {
  type BuiltImage,
  buildImage,
  type ComposeService,
  readCompose,
} from '../../support/dockerfile.ts'
import { rawFetch } from '../../support/raw.ts'
import { noRedis } from '../../support/redis.ts'

const example = 'examples/node-gateway'

/** Splits a command as a shell does, as far as one has empty quotes. */
const words = (command: string): string[] =>
  command.split(' ').map((word) => (word === "''" ? '' : word))

describe.skipIf(noRedis)('the gateway on Node', () => {
  let image: BuiltImage
  let services: Map<string, ComposeService>
  let redis: ChildProcess
  let bridge: RedisHttp
  let app: Server
  let child: ChildProcess | undefined
  const data = mkdtempSync(join(tmpdir(), 'portcullis-compose-'))

  beforeAll(async () => {
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
    services = readCompose(`${example}/compose.yaml`, {
      UPSTREAM_URL: `http://127.0.0.1:${(app.address() as AddressInfo).port}`,
      SESSION_SECRET: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
      ASSERTION_KEY: await assertionKey(),
      REDIS_HTTP_TOKEN: 'c3VyZWx5LWEtdG9rZW4tb2YtdGhlLWJyaWRnZQ',
    })
    redis = await startComposedRedis(services.get('redis'), data)
    bridge = await startRedisHttp({
      redisSocket: join(data, 'redis.sock'),
      token: services.get('redis-http')?.environment.SRH_TOKEN ?? '',
    })
    image = buildImage(`${example}/Dockerfile`, resolve('.'))
  }, 1_200_000)
  afterAll(async () => {
    child?.kill('SIGKILL')
    app?.close()
    await bridge?.stop()
    redis?.kill('SIGKILL')
    image?.remove()
    rmSync(data, { recursive: true, force: true })
    // The image holds a node_modules: a busy disk takes long to forget it.
  }, 600_000)

  it('is built by all lines of the Dockerfile, which compose names', () => {
    expect(image.followed.filter((name) => name === 'RUN').length).toBe(2)
    expect(image.followed.filter((name) => name === 'COPY').length).toBe(4)
    expect(services.get('gateway')?.keys.build).toContain(`dockerfile: ${example}/Dockerfile`)
    expect(services.get('gateway')?.keys.depends_on).toBe('[redis-http]')
  })

  it('logs in, guards, and ends on SIGTERM', async () => {
    const [, ...args] = image.command
    const gateway = spawn(process.execPath, args, {
      cwd: image.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        ...image.env,
        ...services.get('gateway')?.environment,
        // Names of services are hosts where compose runs them.
        UPSTASH_REDIS_REST_URL: bridge.url,
        PORT: '0',
      },
    })
    child = gateway
    const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
    expect(`${line}`).toContain('http://0.0.0.0:')
    const port = Number(/:(\d+)\s*$/.exec(`${line}`)?.[1])
    const host = 'localhost:3000'
    expect((await rawFetch(port, { path: '/account', host })).status).toBe(401)
    const headers = [['Origin', 'http://localhost:3000']] as const
    const login = await rawFetch(port, { method: 'POST', path: '/login', host, headers })
    const cookie = login.header('set-cookie')?.split(';')[0] ?? ''
    expect([login.status, cookie]).toEqual([204, expect.stringMatching(/^(?:__Host-)?session=./)])
    const account = await rawFetch(port, { path: '/account', host, headers: [['Cookie', cookie]] })
    expect([account.status, account.text]).toEqual([200, '{"signed":true}'])
    gateway.kill('SIGTERM')
    expect(await once(gateway, 'exit')).toEqual([0, null])
  }, 60_000)
})

/** Starts Redis by the command of its service, on a socket instead of the port that others may have taken. */
async function startComposedRedis(
  service: ComposeService | undefined,
  folder: string,
): Promise<ChildProcess> {
  const [name = '', ...args] = words(service?.keys.command ?? '')
  const here = ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--dir', folder]
  const child = spawn(name, [...args, ...here], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of child.stdout) {
    if (!`${chunk}`.includes('eady to accept connections')) continue
    child.stdout.resume()
    return child
  }
  throw new Error('redis-server ended')
}
