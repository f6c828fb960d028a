/**
 * The gateway on Node for the socket soak: a process of its own that counts what it holds when
 * its parent asks.
 */
import { subscribe } from 'node:diagnostics_channel'
import { type EventEmitter, getEventListeners } from 'node:events'
import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryObjects, writeHeapSnapshot } from 'node:v8'
import { serve } from '../../node/index.ts'
import gateway from './socket-gateway.ts'

/** What the process holds after its garbage was collected. */
export interface HostCounts {
  /** Handles that keep the process: sockets and timers, by Node's names for them. */
  readonly resources: Readonly<Record<string, number>>
  /** Objects that are alive, by class. */
  readonly objects: Readonly<Record<string, number>>
  /** Listeners of the server, of the process and of every AbortSignal that is alive. */
  readonly listeners: number
  /** Warnings so far; Node warns of emitters with too many listeners. */
  readonly warnings: readonly string[]
  /** Name of a file with a snapshot of the heap. */
  readonly snapshot: string
}

// Every signal that anybody makes, as long as it lives: `serve` keeps one for as long as it runs.
const signals: WeakRef<AbortSignal>[] = []
const Native = globalThis.AbortController
globalThis.AbortController = class extends Native {
  constructor() {
    super()
    signals.push(new WeakRef(this.signal))
  }
}
const warnings: string[] = []
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') warnings.push(message)
})

let server: Server | undefined
subscribe('http.server.request.start', (message) => {
  server ??= (message as { server: Server }).server
})

async function count(): Promise<HostCounts> {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.()
    await sleep(20)
  }
  const alive = signals.filter((each) => each.deref() !== undefined)
  signals.splice(0, signals.length, ...alive)
  const emitters = [server, process].filter((each): each is EventEmitter & typeof each => !!each)
  const listeners = [
    ...emitters.flatMap((each) => each.eventNames().map((name) => each.listenerCount(name))),
    ...alive.map((each) => getEventListeners(each.deref() as AbortSignal, 'abort').length),
  ]
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  const classes = { Socket, IncomingMessage, ServerResponse, ReadableStream, AbortSignal, Request }
  const objects = Object.fromEntries(
    Object.entries(classes).map(([name, each]) => [
      name,
      queryObjects(each as new () => object, { format: 'count' }) as number,
    ]),
  )
  return {
    resources,
    objects,
    listeners: listeners.reduce((sum, each) => sum + each, 0),
    warnings,
    snapshot: writeHeapSnapshot(process.env.SNAPSHOT),
  }
}

const { port } = await serve(gateway as never, {
  port: 0,
  env: { UPSTREAM_URL: process.env.UPSTREAM_URL },
  closeTimeoutMs: 2000,
  keepAliveTimeoutMs: 2000,
})
process.on('message', () => {
  void count().then((counts) => process.send?.(counts))
})
process.on('disconnect', () => process.exit())
process.send?.({ port })
