import { describe, expect, it } from 'vitest'
import { retryOnConflict } from '../../src/session/stored/retry-on-conflict.ts'

describe('a write that always comes second', () => {
  it('a conflict is retried immediately, then after growing waits, 40 times', async () => {
    const waits: number[] = []
    let tries = 0
    const done = retryOnConflict(
      async () => {
        tries += 1
        return 'again'
      },
      () => 0,
      async (ms) => {
        waits.push(ms)
      },
    )
    await expect(done).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' })
    expect([tries, waits.length]).toEqual([40, 38])
    expect(waits.every((ms, at) => ms >= 0 && ms <= Math.min(150, 20 * (at + 2)))).toBe(true)
    expect(new Set(waits).size).toBeGreaterThan(30)
  })

  it('retries stop after five seconds', async () => {
    let now = 0
    let tries = 0
    const done = retryOnConflict(
      async () => {
        tries += 1
        now += 2000
        return 'again'
      },
      () => now,
      async () => {},
    )
    await expect(done).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' })
    expect(tries).toBe(3)
  })

  it('retries stop at the first attempt that settles or throws', async () => {
    let tries = 0
    const settle = async () => (++tries < 3 ? 'again' : tries)
    expect(await retryOnConflict(settle, Date.now, async () => {})).toBe(3)
    const fail = () => Promise.reject(new Error('down'))
    await expect(retryOnConflict(fail, Date.now)).rejects.toThrow('down')
  })
})
