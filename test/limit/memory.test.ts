import { describe, expect, it } from 'vitest'
import { memoryLimiter } from '../../src/limit/index.ts'
import { limiterContract } from '../../src/testing/index.ts'
import { memoryAt, noon } from './support.ts'

describe('memoryLimiter', () => {
  limiterContract({ describe, it, expect }, (rate) => memoryAt(rate))

  it('counts at most maxKeys keys: those unused for longest start anew', async () => {
    const limiter = memoryLimiter({ limit: 1, window: 60, maxKeys: 3, clock: () => noon })
    for (const key of ['a', 'b', 'c', 'd']) expect((await limiter.take(key)).allowed).toBe(true)
    expect((await limiter.take('d')).allowed).toBe(false)
    expect((await limiter.take('a')).allowed).toBe(true)
  })

  it('lets go of keys that nobody waits for before it lets go of others', async () => {
    let now = noon
    const limiter = memoryLimiter({ limit: 1, window: 60, maxKeys: 3, clock: () => now })
    await limiter.take('a')
    now += 30_000
    for (const key of ['b', 'c']) await limiter.take(key)
    now += 30_000
    await limiter.take('d')
    for (const key of ['b', 'c', 'd']) expect((await limiter.take(key)).allowed).toBe(false)
  })

  it('is not fooled by a key that looks like what stands for a long one', async () => {
    const limiter = memoryLimiter({ limit: 1, window: 60, clock: () => noon })
    const digest = await crypto.subtle.digest(
      'SHA-256',
      new TextEncoder().encode(JSON.stringify('x'.repeat(200))),
    )
    const text = btoa(String.fromCharCode(...new Uint8Array(digest)))
    await limiter.take('x'.repeat(200))
    const written = text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
    expect((await limiter.take(written)).allowed).toBe(true)
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [undefined, ['memoryLimiter', 'memoryLimiter.limit', 'memoryLimiter.window']],
    [{}, ['memoryLimiter.limit', 'memoryLimiter.window']],
    [{ limit: 0, window: 0 }, ['memoryLimiter.limit', 'memoryLimiter.window']],
    [{ limit: 1_000_001, window: 2_678_401 }, ['memoryLimiter.limit', 'memoryLimiter.window']],
    [{ limit: 1.5, window: '60 s' }, ['memoryLimiter.limit', 'memoryLimiter.window']],
    [
      { limit: 1, window: 1, maxKeys: 0, clock: 5 },
      ['memoryLimiter.maxKeys', 'memoryLimiter.clock'],
    ],
    [{ limit: 1, window: 1, maxKeyz: 5 }, ['memoryLimiter.maxKeyz']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => memoryLimiter(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })
})
