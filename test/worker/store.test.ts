import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import { config } from '../../worker/gateway.config.ts'

/** The configured gateway in an environment of its own. */
async function ask(
  variables: object,
  cookie?: string,
): Promise<{ response: Response; asked: string[]; faults: string }> {
  const asked: string[] = []
  const faults: string[] = []
  const gateway = createGateway({
    ...config(),
    fetch: (async (input: unknown) => {
      asked.push(new URL(String(input)).host)
      return new Response('origin')
    }) as typeof fetch,
    onFault: (error) => faults.push(String(error)),
  })
  const headers = { origin: 'http://localhost:8787', ...(cookie !== undefined && { cookie }) }
  const request = new Request('http://localhost:8787/', { headers })
  const response = await gateway.fetch(request, { ...env, ...variables })
  return { response, asked, faults: faults.join() }
}

describe('SESSION_STORE', () => {
  it('is cookie where nobody says otherwise, and then nothing of Redis is needed', async () => {
    expect(env.SESSION_STORE).toBe('cookie')
    expect([env.UPSTASH_REDIS_REST_URL, env.UPSTASH_REDIS_REST_TOKEN]).toEqual([
      undefined,
      undefined,
    ])
    expect((await ask({})).response.status).toBe(200)
  })

  it.each(['', 'Redis', 'upstash', 'constructor'])(
    '%j is 503, and the log names the variable and not its value',
    async (value) => {
      const { response, asked, faults } = await ask({ SESSION_STORE: value })
      expect([response.status, asked]).toEqual([503, []])
      expect(faults).toContain('SESSION_STORE must be one of "cookie", "redis"')
      if (value !== '') expect(faults).not.toContain(`"${value}"`)
    },
  )

  it('is redis and nobody says where: 503 from the first request on, and the log names both variables’ options', async () => {
    const { response, asked, faults } = await ask({ SESSION_STORE: 'redis' })
    expect([response.status, asked]).toEqual([503, []])
    expect(faults).toContain('redis.url is not set; redis.token is not set')
  })

  it('is redis: who has no cookie costs Redis nothing', async () => {
    const { response, asked } = await ask({
      SESSION_STORE: 'redis',
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: 'token',
    })
    expect([response.status, asked]).toEqual([200, ['127.0.0.1:8788']])
  })
})
