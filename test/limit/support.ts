/** What the tests of this room share: a moment, a secret, a limiter whose clock they move, a client that shows its calls. */
import { type Limiter, memoryLimiter } from '../../src/limit/index.ts'
import type { Redis, RedisBatch } from '../../src/redis/index.ts'
import type { LimiterUnderTest, Rate } from '../../src/testing/index.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)
export const secret = 'qV7mZ2xT9rB4nK8wL1cD6yH3sJ5fG0pAuE'

/** A limiter in memory on a clock of its own, perhaps changed for the worse. */
export function memoryAt(
  rate: Rate,
  change: (limiter: Limiter) => Partial<Limiter> = () => ({}),
): LimiterUnderTest {
  let now = noon
  const limiter = memoryLimiter({ ...rate, clock: () => now })
  return {
    limiter: { ...limiter, ...change(limiter) },
    now: () => now,
    elapse(ms): void {
      now += ms
    },
    setBack(ms): void {
      now -= ms
    },
  }
}

/** One call as a client got it. */
export interface Sent {
  readonly name: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** A client that answers what a test wants, failures too, and shows what it was asked. One Ask, sent or not. */
export function client(...answers: unknown[]): Redis & { sent: Sent[]; requests: number } {
  const made = {
    sent: [] as Sent[],
    requests: 0,
    check(): void {},
    ask(): RedisBatch {
      const waiting: Array<() => void> = []
      const put = (sent: Sent): Promise<unknown> =>
        new Promise((resolve, reject) => {
          waiting.push(() => {
            made.sent.push(sent)
            const answer = answers.shift()
            if (answer instanceof Error) reject(answer)
            else resolve(answer)
          })
        })
      return {
        get waiting(): number {
          return waiting.length
        },
        call: ({ name }, keys, args) => put({ name, keys, args }),
        async send(): Promise<void> {
          made.requests++
          for (const go of waiting.splice(0)) go()
        },
        facade: {
          evalsha: <T>(digest: string, keys: readonly string[], args: readonly unknown[] = []) =>
            put({ name: digest.slice(0, 8), keys, args: args.map(String) }) as Promise<T>,
          eval: <T>() => Promise.reject<T>(new Error('nobody sends a source')),
        },
      }
    },
    async call(
      _: unknown,
      script: Parameters<RedisBatch['call']>[0],
      keys: readonly string[],
      args: readonly string[],
    ) {
      const ask = made.ask()
      const reply = ask.call(script, keys, args)
      await ask.send()
      return reply
    },
  }
  return made
}
