/** What we send to Redis is what Upstash's own client sends. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from '@upstash/redis/cloudflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redis, script } from '../../../src/redis/index.ts'

const token = 'AXQgASQgN2E4'
const seen: Array<{ method: string; path: string; authorization: string; body: unknown }> = []
const server = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk) => {
    text += chunk
  })
  request.on('end', () => {
    const body = JSON.parse(text) as unknown[]
    const { method = '', url = '', headers } = request
    seen.push({ method, path: url, authorization: headers.authorization ?? '', body })
    // Redis never saw the script: the second request holds it in full.
    const error = 'NOSCRIPT No matching script. Please use EVAL.'
    const answers = body.map((command) =>
      (command as string[])[0] === 'evalsha' ? { error } : { result: 'done' },
    )
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers))
  })
})
let url = ''

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((done) => server.close(done)))

test.each([
  { keys: ['row', 'index'], args: ['1763640000000', 'text with "quotes" and ünïcödé', ''] },
  { keys: ['only'], args: [] },
  { keys: [], args: ['0', '-1', '12345678901234567890'] },
])(
  'a script with keys $keys and arguments $args goes out as the client words it',
  async ({ keys, args }) => {
    const read = script('session-read', "return 'done'")
    seen.length = 0
    await expect(redis({ url, token, timeoutMs: 10_000 }).call({}, read, keys, args)).resolves.toBe(
      'done',
    )
    const [ours, inFull] = seen.splice(0)

    const theirs = new Redis({
      url,
      token,
      enableTelemetry: false,
      automaticDeserialization: false,
      readYourWrites: false,
    })
    const digest = await read.digest(false)
    const byDigest = theirs.pipeline().evalsha(digest, keys, args)
    await byDigest.exec({ keepErrors: true })
    const bySource = theirs.pipeline().eval(read.text(false), keys, args)
    await bySource.exec({ keepErrors: true })
    expect([ours, inFull]).toEqual(seen)
    expect(ours).toMatchObject({
      method: 'POST',
      path: '/pipeline',
      authorization: 'Bearer AXQgASQgN2E4',
    })
  },
)
