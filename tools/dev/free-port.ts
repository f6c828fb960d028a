/** Finds ports for servers of tests and demos that start later. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Systems take the ports of outgoing connections from 32768 on (Linux) or 49152 on. A port from there, closed again for
// a server that starts half a minute later, is somebody's connection by then.
const FIRST = 12_000
const END = 32_000
const MAX_ATTEMPTS = 100

/** Returns a port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = randomInt(FIRST, END)
    if (await canListen(port)) return port
  }
  throw new Error(`no port between ${FIRST} and ${END} is free`)
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')

  return true
}
