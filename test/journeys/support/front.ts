/** What a platform does in front of versions: it sends each connection to one of those that are deployed. */
import { connect, createServer } from 'node:net'
import type { Service } from './services.ts'

export interface Front extends Service {
  readonly port: number
  /** Ports of the versions that share the traffic from now on. */
  deploy(...ports: number[]): void
}

/** Listens on this port. */
export async function startFront(port: number): Promise<Front> {
  let versions: readonly number[] = []
  let turn = 0
  const server = createServer((client) => {
    const upstream = connect(versions[turn++ % versions.length] ?? 0, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))

  return {
    port,
    deploy: (...ports) => {
      versions = ports
    },
    stop: () => new Promise((done) => server.close(done)),
  }
}
