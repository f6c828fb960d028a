/** A Worker that asks Redis, without Node: each path is one way of asking. */
import { redis, script } from '../../../src/redis/index.ts'

const count = script('count', "return redis.call('INCR', KEYS[1])")
const get = script('get', "return redis.call('GET', KEYS[1])")
// At module scope, as in an application: nothing here may reach for the network, time or randomness.
const client = redis({
  url: (c) => (c.env as unknown as Env).REDIS_URL,
  token: (c) => (c.env as unknown as Env).REDIS_TOKEN,
  timeoutMs: 2_000,
})

interface Env {
  REDIS_URL: string
  REDIS_TOKEN: string
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const ask = client.ask(env)
    const replies = [
      ask.call(count, ['n'], []),
      ask.call(get, ['n'], []),
      ask.call(count, ['m'], []),
    ]
    await ask.send()
    try {
      return Response.json(await Promise.all(replies))
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      return Response.json({ code, message, path: new URL(request.url).pathname }, { status: 503 })
    }
  },
}
