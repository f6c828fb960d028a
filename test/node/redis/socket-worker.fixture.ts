/** A Worker that asks Redis over a socket. */
// @ts-expect-error Cloudflare's own module, without its types.
import { connect } from 'cloudflare:sockets'
import { redis, script, socketSender } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'

const url = (c: { env: { REDIS_URL: string } }): string => c.env.REDIS_URL
const client = redis({ send: socketSender({ connect, url: url as never }), timeoutMs: 10_000 })
const store = upstashStore({ redis: client })
const echoing = script('echo', 'return ARGV[1]')

export default {
  async fetch(_: Request, env: unknown): Promise<Response> {
    const batch = client.ask(env)
    const replies = [batch.call(echoing, [], ['1']), batch.call(echoing, [], ['ünï'])]
    await batch.send()
    const now = Date.now()
    const row = { key: 'KEY', record: 'r', end: now + 9e6, now, idle: 9e5, write: 'W' }
    await store.create(row, { env })
    const { is } = await store.read(row, { now, idle: 9e5, slice: 9e4 }, { env })
    return Response.json([...(await Promise.all(replies)), { is }])
  },
}
