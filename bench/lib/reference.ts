/** A fixed piece of hand-written code, measured among everything else: how fast this machine was just then. */
import { loopVariant } from './loop.ts'
import type { Variant } from './rounds.ts'
import { startWorkers } from './workers.ts'

/** What it took, median, where the goals in microseconds were set: AES-GCM of one kilobyte, sealed or opened. */
export const referenceThere = 7.7

/** Seals a kilobyte by hand, in a workerd of its own that goes when this process does. */
export async function reference(): Promise<Variant> {
  const workers = await startWorkers([
    { name: 'reference', code: `export { default } from './seal/hand.ts'` },
  ])
  return loopVariant(workers, 'reference', '/seal?bytes=1024', 25)
}
