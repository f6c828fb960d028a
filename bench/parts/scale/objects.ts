/** Durable Objects in a workerd of their own, which tell what they read and wrote. */
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { durableObjectStore } from '../../../src/durable-object/index.ts'
import { compatibilityDate, compatibilityFlags } from '../../../tools/compatibility.ts'
import { bundle } from '../../lib/workers.ts'
import type { CountedStore, Usage } from './requests.ts'

/** What an object tells with an answer. */
interface ObjectCounts {
  readonly read: number
  readonly written: number
  readonly alarms: number
  readonly bytes: number
}

/** Starts them, and a store over them. */
export async function openObjects(): Promise<CountedStore> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundle(
        `export * from './scale-object.ts'\nexport { default } from './scale-object.ts'`,
      ),
      compatibilityDate,
      compatibilityFlags: [...compatibilityFlags],
      durableObjects: { OBJECTS: { className: 'CountedObject', useSQLite: true } },
    }),
  )
  await runtime.ready
  let requests = 0
  let [read, written] = [0, 0]
  const sizes = new Map<string, number>()

  async function ask(name: string, init: RequestInit): Promise<Response> {
    requests++
    const url = `http://objects.test/?name=${encodeURIComponent(name)}`
    const response = (await runtime.dispatchFetch(url, init as never)) as unknown as Response
    const counts = JSON.parse(response.headers.get('x-counts') ?? '{}') as ObjectCounts
    read += counts.read
    // Each alarm is billed as a row written.
    written += counts.written + counts.alarms
    sizes.set(name, counts.bytes)
    return response
  }

  return {
    name: 'Durable Objects',
    store: durableObjectStore({
      namespace: {
        idFromName: (name) => name,
        get: (name: string) => ({ fetch: (_, init) => ask(name, init) }),
      },
      timeoutMs: 20_000,
    }),
    async take(): Promise<Usage> {
      const usage = { requests, 'rows read': read, 'rows written': written }
      requests = read = written = 0
      return usage
    },
    async readBytes(sessions) {
      const users = [...sizes].filter(([name]) => !name.includes('visitors'))
      return users.reduce((sum, [, bytes]) => sum + bytes, 0) / sessions
    },
    async countEnd() {
      const [name = ''] = [...sizes.keys()].filter((each) => !each.includes('visitors'))
      await ask(name, { headers: { 'x-expire': '1' } })
      return written
    },
    stop: () => runtime.dispose(),
  }
}
