/**
 * `npm run soak -- sockets [requests [runtime]]`: requests through the gateway on Node and in bare
 * workerd, aborted, broken off and broken in every way; 20,000 unless said otherwise. Afterwards no
 * socket, no listener and no byte of heap may be left.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sumHeap } from '../../test/soak/heap-snapshot.ts'
import { listClientKinds } from '../../test/soak/socket-clients.ts'
import type { HostCounts } from '../../test/soak/socket-host.ts'
import { type SocketUpstream, startSocketUpstream } from '../../test/soak/socket-upstream.ts'
import { startWorkerd } from '../../test/support/workerd.ts'

/** A gateway that is being soaked. */
interface Host {
  readonly port: number
  readonly pid: number
  /** Whether it notices every broken frame. */
  readonly seesAll: boolean
  /**
   * Bytes of heap for each request of the second half that may be left. A snapshot counts objects
   * alone; what V8 says it uses counts code as well, which moves by tens of kilobytes.
   */
  readonly mostBytes: number
  /** Counts what is held, once garbage was collected. */
  measure(): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

/** Readings of what is held. */
const parts = 4
/** Connections at a time. */
const together = 64
/** Milliseconds for timers that close what an end did not close, and for idle connections. */
const settleMs = 30_000
const [total, only] = [Number(process.argv[3] ?? 20_000), process.argv[4]]
if (
  !(total >= 10_000 && total <= 1_000_000) ||
  (only !== undefined && !/^(?:node|workerd)$/.test(only))
) {
  console.error('soak: sockets [requests (10,000 to 1,000,000) [node | workerd]]')
  process.exit(2)
}

async function startNode(upstream: string): Promise<Host> {
  const snapshot = join(tmpdir(), `portcullis-soak-${process.pid}.heapsnapshot`)
  process.once('exit', () => rmSync(snapshot, { force: true }))
  const child = fork('test/soak/socket-host.ts', {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, UPSTREAM_URL: upstream, SNAPSHOT: snapshot },
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    port,
    pid: child.pid ?? 0,
    seesAll: true,
    mostBytes: 2,
    async measure(): Promise<Record<string, number>> {
      child.send('count')
      const [counts] = (await once(child, 'message')) as [HostCounts]
      for (const warning of counts.warnings) console.error(`soak: node warned: ${warning}`)
      return {
        ...counts.resources,
        ...counts.objects,
        listeners: counts.listeners,
        warnings: counts.warnings.length,
        heap: sumHeap(readFileSync(counts.snapshot, 'utf8')),
      }
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function startBare(upstream: string): Promise<Host> {
  const worker = await startWorkerd(
    { entry: 'test/soak/socket-gateway.ts' },
    { bindings: { UPSTREAM_URL: upstream }, inspect: true },
  )
  return {
    port: worker.port,
    pid: worker.pid,
    seesAll: false,
    mostBytes: 2,
    async measure(): Promise<Record<string, number>> {
      const { status } = await fetch(`${worker.url}/.gc`, { headers: { connection: 'close' } })
      if (status !== 204) throw new Error(`garbage was not collected: ${status}`)
      return { heap: sumHeap(await worker.heapSnapshot()) }
    },
    stop: () => worker.stop(),
  }
}

/** Sockets that a process holds, listening ones among them. */
function countSockets(pid: number): number {
  let count = 0
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      if (readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')) count++
    } catch {} // closed meanwhile
  }
  return count
}

const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Sends requests of every kind in turn. Returns what went wrong. */
async function send(host: Host, from: number, to: number): Promise<string[]> {
  const kinds = listClientKinds(host.seesAll)
  const wrong: string[] = []
  let next = from
  const work = async (): Promise<void> => {
    while (next < to) {
      const at = next++
      const kind = kinds[at % kinds.length]
      const fault = await kind?.run(host.port, Math.floor(at / kinds.length))
      if (fault !== undefined) wrong.push(fault)
    }
  }
  await Promise.all(Array.from({ length: together }, work))
  return wrong
}

/** Waits until nothing is held any more, for as long as the longest timer takes. */
async function settle(host: Host, upstream: SocketUpstream, idle: number): Promise<void> {
  const end = Date.now() + settleMs
  while ((upstream.open > 0 || countSockets(host.pid) > idle) && Date.now() < end) await sleep(100)
}

async function soak(name: string, start: (upstream: string) => Promise<Host>): Promise<number> {
  const upstream = await startSocketUpstream()
  const host = await start(upstream.url)
  const since = Date.now()
  const idle = countSockets(host.pid)
  const faults: string[] = []
  const readings: Array<Readonly<Record<string, number>>> = []
  // The first half compiles code and fills pools; what the second adds is what requests leave
  // behind.
  for (let part = 1; part <= parts; part++) {
    const to = Math.round((total / parts) * part)
    faults.push(...(await send(host, Math.round((total / parts) * (part - 1)), to)))
    await settle(host, upstream, idle)
    // Before anything is measured: the gateway is asked for that, and its inspector.
    const held = {
      'sockets at the upstream': upstream.open,
      'sockets of the gateway': countSockets(host.pid) - idle,
    }
    const reading = { ...(await host.measure()), ...held, 'RSS, MB': Math.round(memory(host.pid)) }
    readings.push(reading)
    console.log(`soak: ${name}, after ${to}: ${JSON.stringify(reading)}`)
  }
  await host.stop()
  await upstream.stop()

  const [half = {}, full = {}] = [readings[parts / 2 - 1], readings[parts - 1]]
  const grown = (full.heap ?? 0) - (half.heap ?? 0)
  if (grown > host.mostBytes * (total / 2)) faults.push(`the heap grew by ${grown} bytes`)
  for (const [what, count] of Object.entries(full)) {
    if (what === 'heap' || what === 'RSS, MB') continue
    if (what.startsWith('sockets') ? count !== 0 : count > (half[what] ?? 0))
      faults.push(`${what}: ${half[what] ?? 0} after one half, ${count} after both`)
  }
  for (const fault of faults.slice(0, 20)) console.error(`soak: ${name}: ${fault}`)
  const signed = grown < 0 ? `${grown}` : `+${grown}`
  console.log(
    `soak: ${name}: ${total} requests, ${upstream.asked.get('socket') ?? 0} WebSockets, ` +
      `${Math.round((Date.now() - since) / 1000)} s, heap ${signed} bytes in the ` +
      `second half, ${faults.length} faults`,
  )
  return faults.length
}

let wrong = 0
if (only !== 'workerd') wrong += await soak('node', startNode)
if (only !== 'node') wrong += await soak('workerd', startBare)
process.exit(wrong > 0 ? 1 : 0)
