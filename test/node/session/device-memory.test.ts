/** What an isolate keeps of requests to the device endpoints that have no credential. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createBurstGuard } from '../../../src/session/device/burst-guard.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

async function measureHeap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((done) => setTimeout(done, 20))
  }
  return process.memoryUsage().heapUsed
}

it('the burst guard keeps some characters of a cookie, and not the header that they were cut from', async () => {
  const guard = createBurstGuard(Date.now)
  const before = await measureHeap()
  for (let i = 0; i < 10_000; i++) {
    const header = Buffer.from(`${'x'.repeat(15_000)}${`${i}`.padStart(30, '0')}`)
    guard(header.toString('latin1'))
  }
  expect((await measureHeap()) - before).toBeLessThan(20e6)
  expect(guard('another')).toBe(true)
}, 120_000)
