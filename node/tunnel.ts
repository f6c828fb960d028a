/** Joins the two connections of a WebSocket: bytes pass as they are while they are frames, and both ends close together. */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { closeCodes } from '../src/request/index.ts'
import { type FrameFault, writeCloseFrame } from './frame-head.ts'
import { createFrameReader, type FrameReader } from './frames.ts'

/** Milliseconds of the longest timer in Node; a longer one fires immediately. */
const longestTimer = 2_147_483_647

export interface TunnelOptions {
  readonly client: Duplex
  readonly upstream: Duplex
  /** The bytes that came behind each handshake. */
  readonly clientHead: Buffer
  readonly upstreamHead: Buffer
  /** Value of Sec-WebSocket-Extensions in the upstream's answer. */
  readonly extensions: string | undefined
  /** Milliseconds until both ends are closed with 1001; undefined for no limit. */
  readonly lifeMs: number | undefined
  /** Milliseconds that an end has to close its connection once a close frame has passed. */
  readonly closeTimeoutMs: number
}

export interface Tunnel {
  /** Closes both ends with a close frame. */
  close(fault: FrameFault): void
  /** Drops both connections. */
  destroy(): void
  /** Resolves when both connections are gone. */
  readonly ended: Promise<void>
}

interface Direction {
  readonly from: Duplex
  readonly to: Duplex
  readonly reader: FrameReader
  /** The close code that the other end receives when this one disconnects without a close frame. */
  readonly lost: FrameFault
}

/** Creates the readers of both directions, and the close codes for an end that disconnects. */
function createDirections(
  client: Duplex,
  upstream: Duplex,
  extensions: string | undefined,
): { readonly up: Direction; readonly down: Direction } {
  return {
    up: {
      from: client,
      to: upstream,
      reader: createFrameReader({ masked: true, extensions }),
      lost: { code: closeCodes.goingAway, reason: '' },
    },
    down: {
      from: upstream,
      to: client,
      reader: createFrameReader({ masked: false, extensions }),
      lost: { code: closeCodes.badGateway, reason: '' },
    },
  }
}

/** Joins two connections until both are gone. */
export function joinTunnel(options: TunnelOptions): Tunnel {
  const { client, upstream, clientHead, upstreamHead, extensions, lifeMs, closeTimeoutMs } = options
  const ends = [client, upstream]
  const timers = new Set<NodeJS.Timeout>()
  let closing = false

  const { up, down } = createDirections(client, upstream, extensions)
  const destroy = (): void => {
    for (const end of ends) end.destroy()
  }
  const after = (ms: number, act: () => void): void => {
    timers.add(setTimeout(act, ms))
  }
  /** Says a last word where one may be said, and ends what goes to this end. */
  const finish = ({ to, reader }: Direction, fault: FrameFault): void => {
    if (to.destroyed || to.writableEnded) return
    if (reader.closed || !reader.betweenFrames) to.end()
    else to.end(writeCloseFrame(fault, to === upstream ? randomBytes(4) : undefined))
  }
  const close = (fault: FrameFault): void => {
    if (closing) return
    closing = true
    finish(up, fault)
    finish(down, fault)
    // Read and drop further bytes: a connection that is closed with unread bytes is reset, and the
    // close frame is lost.
    for (const end of ends) end.resume()
    after(closeTimeoutMs, destroy)
  }
  const pump = (direction: Direction, chunk: Buffer): void => {
    if (closing) return
    const { from, to, reader } = direction
    const before = reader.closed
    const { pass, fault } = reader.read(chunk)
    let free = true
    for (const bytes of pass) free = to.write(bytes)
    if (fault !== undefined) {
      close(fault)
      return
    }
    if (reader.closed && !before) {
      // Both have said that they close: the server closes the connection first (RFC 6455 section 7.1.1).
      if (up.reader.closed && down.reader.closed) close(direction.lost)
      else after(closeTimeoutMs, destroy)
    }
    if (!free && !to.destroyed) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  }

  const ended = new Promise<void>((done) => {
    let left = ends.length
    for (const direction of [up, down]) {
      const { from } = direction
      const gone = (): void => close(direction.lost)
      from.on('data', (chunk: Buffer) => pump(direction, chunk))
      from.on('error', gone)
      from.on('end', gone)
      if (from.readableEnded) queueMicrotask(gone)
      const closed = (): void => {
        gone()
        if (--left > 0) return
        for (const timer of timers) clearTimeout(timer)
        done()
      }
      // One that was closed before it came here says so no more.
      if (from.closed) queueMicrotask(closed)
      else from.once('close', closed)
    }
  })
  if (lifeMs !== undefined) {
    after(Math.min(lifeMs, longestTimer), () =>
      close({ code: closeCodes.goingAway, reason: 'time limit' }),
    )
  }
  if (clientHead.length > 0) pump(up, clientHead)
  if (upstreamHead.length > 0) pump(down, upstreamHead)
  if (client.destroyed || upstream.destroyed) close(client.destroyed ? up.lost : down.lost)
  return { close, destroy, ended }
}
