/** Variants that loop inside a Worker, n times in one request. */
import { drive, requestText } from './load.ts'
import type { Variant } from './rounds.ts'
import type { Workers } from './workers.ts'

/** Finds out how many fit into one turn of `ms`; the first guesses run cold, and warm the isolate. */
export async function loopVariant(
  workers: Workers,
  worker: string,
  path: string,
  ms: number,
  { first = 300, name = worker }: { first?: number; name?: string } = {},
): Promise<Variant> {
  const port = workers.port(worker)
  const once = async (n: number): Promise<number> => {
    const request = requestText(`${path}${path.includes('?') ? '&' : '?'}n=${n}`)
    const started = performance.now()
    await drive({ port, request, connections: 1, ms: 0 })
    return performance.now() - started
  }
  let n = first
  for (let guess = 0; guess < 6; guess++)
    n = Math.max(2, Math.round((n * ms) / Math.max(await once(n), 0.5)))
  return {
    name,
    pid: workers.pid,
    async run() {
      await once(n)
      return n
    },
  }
}
