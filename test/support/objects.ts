/** Durable Objects of this library in a real workerd, through the runtime that wrangler has: for one test file. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import type { D1Answer, D1Database, D1Statement } from '../../src/store/d1.ts'
import type { ObjectNamespace } from '../../src/store/durable-object/platform.ts'
import { compatibilityDate, compatibilityFlags } from '../../tools/compatibility.ts'

export interface TestObjects {
  /** The binding, as code in Node sees it: requests go to the real objects. */
  readonly namespace: ObjectNamespace
  /** Names of the objects that were asked since the last `forget`, each once: those that the calls below are about. */
  readonly names: ReadonlySet<string>
  /** Forgets which objects were asked. */
  forget(): void
  /** How many requests went to objects. */
  readonly requests: number
  /** Asks the Worker, `first` or `second`: two isolates that bind the same objects. */
  fetch(worker: 'first' | 'second', path: string, init?: RequestInit): Promise<Response>
  /** Lets time pass for what objects hold: every expiry comes nearer. */
  elapse(ms: number): Promise<void>
  /** Calls `alarm()` of every object, and says how many rows and tables each has left. */
  alarm(): Promise<number[]>
  /** When each object has its alarm, in ms since the epoch, or null. */
  alarms(): Promise<Array<number | null>>
  /** Deletes the alarm of every object, as the platform does with one that failed too often. */
  loseAlarms(): Promise<void>
  /** Everything the objects hold, as one text. */
  dump(): Promise<string>
  /**
   * The binding over one socket, for races of thousands of requests: the same objects, without the HTTP between this
   * process and workerd. `clear` empties every object that was asked through it.
   */
  bridge(): Promise<ObjectBridge>
  /** Ends workerd and starts it anew over what was on disk. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** A way to objects over one socket. */
export interface ObjectBridge {
  readonly namespace: ObjectNamespace
  /** The binding of a D1 database, over the same socket. */
  readonly database: D1Database
  clear(): Promise<void>
}

/** As much of a socket of miniflare as a bridge needs. */
interface BridgeSocket {
  accept(): void
  send(text: string): void
  addEventListener(type: 'message' | 'close', listener: (event: { data?: unknown }) => void): void
}

/** Linux keeps files there in memory: each write of an object waits for the disk, which takes most of a test's time. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const entry = new URL('objects.worker.ts', import.meta.url).pathname

/** Starts workerd with two Workers and one class of objects. */
export async function startObjects(): Promise<TestObjects> {
  const folder = mkdtempSync(join(memory, 'portcullis-objects-'))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    logLevel: 'silent',
  })
  const script = outputFiles[0]?.text ?? ''
  const common = {
    modules: true,
    script,
    compatibilityDate,
    compatibilityFlags: [...compatibilityFlags],
    bindings: { SECRET: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE' },
  }
  const start = (): Miniflare =>
    new Miniflare(
      convertV4MiniflareOptions({
        resourcePersistencePath: folder,
        // A workerd that crashed is started again: without a line about it nobody would know.
        log: new Log(LogLevel.WARN),
        workers: [
          {
            ...common,
            name: 'first',
            durableObjects: { PORTCULLIS: { className: 'TestObject', useSQLite: true } },
            d1Databases: { DB: 'sessions' },
          },
          {
            ...common,
            name: 'second',
            durableObjects: {
              PORTCULLIS: { className: 'TestObject', scriptName: 'first', useSQLite: true },
            },
            d1Databases: { DB: 'sessions' },
          },
        ],
      }),
    )
  let runtime = start()
  await runtime.ready
  let requests = 0
  const names = new Set<string>()

  async function ask(name: string, path: string, init: object = {}): Promise<Response> {
    const url = `http://first.test/object${path}?name=${encodeURIComponent(name)}`
    return (await runtime.dispatchFetch(url, init)) as unknown as Response
  }
  const askAll = (path: string): Promise<unknown[]> =>
    Promise.all([...names].map(async (name) => (await ask(name, path)).json()))

  return {
    names,
    forget: () => names.clear(),
    get requests(): number {
      return requests
    },
    namespace: {
      idFromName: (name) => name,
      get: (name: string) => ({
        fetch(_, init) {
          names.add(name)
          requests++
          return ask(name, '/', init)
        },
      }),
    },
    async fetch(worker, path, init = {}) {
      const service = (await runtime.getWorker(worker)) as unknown as {
        fetch(url: string, init: RequestInit): Promise<Response>
      }
      return service.fetch(`http://${worker}.test${path}`, init)
    },
    async elapse(ms): Promise<void> {
      await askAll(`/elapse/${ms}`)
    },
    alarm: async () => (await askAll('/alarm')) as number[],
    alarms: async () => (await askAll('/alarm-at')) as Array<number | null>,
    async loseAlarms(): Promise<void> {
      await askAll('/lose-alarm')
    },
    dump: async () => JSON.stringify(await askAll('/dump')),
    async bridge(): Promise<ObjectBridge> {
      const upgrade = { headers: { upgrade: 'websocket' } }
      const response = await runtime.dispatchFetch('http://first.test/bridge', upgrade)
      return createBridge(response.webSocket as unknown as BridgeSocket)
    },
    async restart(): Promise<void> {
      await runtime.dispose()
      runtime = start()
      await runtime.ready
    },
    async stop(): Promise<void> {
      await runtime.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface BridgeAnswer {
  readonly id: number
  readonly status?: number
  readonly text?: string
  readonly error?: string
}

function createBridge(socket: BridgeSocket): ObjectBridge {
  const waiting = new Map<number, (answer: BridgeAnswer) => void>()
  const names = new Set<string>()
  let requests = 0
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(`${data}`) as BridgeAnswer
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  socket.addEventListener('close', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the socket is closed' })
  })
  socket.accept()

  async function send(request: object): Promise<Response> {
    const id = requests++
    const answer = await new Promise<BridgeAnswer>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, ...request }))
    })
    if (answer.error !== undefined) throw new Error(answer.error)
    return new Response(answer.text, { status: answer.status ?? 500 })
  }

  return {
    namespace: {
      idFromName: (name) => name,
      get: (name: string) => ({
        fetch(_, init) {
          names.add(name)
          return send({ name, path: '/', body: `${init.body}` })
        },
      }),
    },
    database: {
      withSession: () => ({
        prepare: (text) => createStatement(text),
        async batch(statements) {
          const response = await send({ batch: statements })
          return (await response.json()) as D1Answer[]
        },
      }),
    },
    async clear(): Promise<void> {
      await Promise.all([...names].map((name) => send({ name, path: '/clear', body: null })))
    },
  }
}

/** A statement as it travels: its text and its values. */
function createStatement(text: string, values: unknown[] = []): D1Statement & { text: string } {
  const statement = { text, values, bind: (...given: unknown[]) => createStatement(text, given) }
  return statement as D1Statement & { text: string }
}
