import { describe, expect, it } from 'vitest'
import { createGateway, gatewayOrRefuse } from '../../src/gateway/index.ts'
import { statelessSessions } from '../../src/session/index.ts'

describe('a gateway whose configuration is wrong', () => {
  it('answers 503 without a word of why, and the log names every fault', async () => {
    const faults: unknown[] = []
    const gateway = gatewayOrRefuse(
      () =>
        createGateway({
          publicOrigin: 'https://a.example/path',
          upstreems: {},
          upstreams: {},
          routes: [],
        } as never),
      (error) => faults.push(error),
    )
    const response = await gateway.fetch(
      new Request('https://a.example/', { headers: { accept: 'application/json' } }),
    )
    expect([response.status, response.headers.get('content-type')]).toEqual([
      503,
      'application/problem+json',
    ])
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).not.toMatch(/upstream|option|config|origin/i)
    expect(String(faults[0])).toMatch(
      /upstreems is not an option; did you mean upstreams\?.*publicOrigin /s,
    )
  })

  it('answers where the log fails, too', async () => {
    const gateway = gatewayOrRefuse(
      () => createGateway({} as never),
      () => {
        throw new Error('the log is full')
      },
    )
    expect((await gateway.fetch(new Request('https://a.example/'))).status).toBe(503)
    await expect(gateway.scheduled()).resolves.toBeUndefined()
  })

  it('answers where the function for the log is what is wrong, and logs that by itself', async () => {
    const lines: string[] = []
    const { error } = console
    console.error = (line: unknown): void => void lines.push(String(line))
    try {
      const gateway = gatewayOrRefuse(() => createGateway({} as never), 'log' as never)
      expect((await gateway.fetch(new Request('https://a.example/'))).status).toBe(503)
    } finally {
      console.error = error
    }
    expect(lines.join()).toContain('must be a function')
  })

  it('also where the strategy of its sessions is what is wrong', async () => {
    const faults: unknown[] = []
    const gateway = gatewayOrRefuse(
      () => {
        const session = statelessSessions({ secret: 'short', maxage: 5 } as never)
        return createGateway({
          publicOrigin: 'https://a.example',
          upstreams: {},
          routes: [],
          session,
        } as never)
      },
      (error) => faults.push(error),
    )
    expect((await gateway.fetch(new Request('https://a.example/'))).status).toBe(503)
    expect(String(faults[0])).toMatch(
      /session\.maxage is not an option; did you mean maxAge\?.*session\.secret/s,
    )
    expect(String(faults[0])).not.toContain('short"')
  })

  it('lets other errors be errors, and a good configuration be served', async () => {
    expect(() =>
      gatewayOrRefuse(() => {
        throw new TypeError('a bug')
      }),
    ).toThrow(TypeError)
    const served = {
      fetch: async (): Promise<Response> => new Response('ok'),
      scheduled: async (): Promise<void> => {},
    }
    expect(gatewayOrRefuse(() => served)).toBe(served)
  })
})
