/**
 * Connects the two connections of a WebSocket, client and upstream: bytes are forwarded unchanged
 * while they are valid frames, and both ends are closed together. `upgrade()` creates a tunnel for
 * each WebSocket, and the server closes it when it stops. It throws nothing. A violation of the
 * protocol, a connection that breaks, or the end of `lifeMs` closes both ends with a close frame;
 * an end that does not close in time is destroyed.
 */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { closeCodes } from '../src/request/index.ts'
import { type FrameFault, writeCloseFrame } from './frame-head.ts'
import { createFrameReader, type FrameReader } from './frames.ts'

/** The longest timer of Node in ms. A longer one would fire immediately. */
const maxTimerMs = 2_147_483_647

export interface TunnelOptions {
  readonly client: Duplex
  readonly upstream: Duplex
  /** The bytes that arrived after each handshake. */
  readonly clientHead: Buffer
  readonly upstreamHead: Buffer
  /** The value of Sec-WebSocket-Extensions in the upstream's response. */
  readonly extensions: string | undefined
  /** The ms after which both ends are closed with 1001; undefined for no limit. */
  readonly lifeMs: number | undefined
  /** The ms that an end has to close its connection after a close frame. */
  readonly closeTimeoutMs: number
}

export interface Tunnel {
  /** Closes both ends with a close frame. */
  close(fault: FrameFault): void
  /** Destroys both connections. */
  destroy(): void
  /** Resolves when both connections are closed. */
  readonly ended: Promise<void>
}

interface Direction {
  readonly from: Duplex
  readonly to: Duplex
  readonly reader: FrameReader
  /** The close code that the other end receives if this one disconnects without a close frame. */
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

/** Connects two connections until both are closed. */
export function joinTunnel(options: TunnelOptions): Tunnel {
  const { client, upstream, clientHead, upstreamHead, extensions, lifeMs, closeTimeoutMs } = options
  const ends = [client, upstream]
  const timers = new Set<NodeJS.Timeout>()
  let isClosing = false

  const { up, down } = createDirections(client, upstream, extensions)
  const destroy = (): void => {
    for (const end of ends) end.destroy()
  }
  const schedule = (ms: number, action: () => void): void => {
    timers.add(setTimeout(action, ms))
  }
  /**
   * Sends a close frame to this end if one may follow, and ends the writing side of its connection.
   */
  const finish = ({ to, reader }: Direction, fault: FrameFault): void => {
    if (to.destroyed || to.writableEnded) return
    if (reader.closed || !reader.betweenFrames) to.end()
    else to.end(writeCloseFrame(fault, to === upstream ? randomBytes(4) : undefined))
  }
  const close = (fault: FrameFault): void => {
    if (isClosing) return
    isClosing = true
    finish(up, fault)
    finish(down, fault)
    // Further bytes are read and dropped. A connection that is closed with unread bytes is reset,
    // and the close frame would be lost.
    for (const end of ends) end.resume()
    schedule(closeTimeoutMs, destroy)
  }
  const pump = (direction: Direction, chunk: Buffer): void => {
    if (isClosing) return
    const { from, to, reader } = direction
    const wasClosed = reader.closed
    const { pass, fault } = reader.read(chunk)
    let canWrite = true
    for (const bytes of pass) canWrite = to.write(bytes)
    if (fault !== undefined) {
      close(fault)
      return
    }
    if (reader.closed && !wasClosed) {
      // Both ends have sent a close frame. The server must close the connection first (RFC 6455
      // section 7.1.1).
      if (up.reader.closed && down.reader.closed) close(direction.lost)
      else schedule(closeTimeoutMs, destroy)
    }
    if (!canWrite && !to.destroyed) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  }

  const ended = new Promise<void>((resolve) => {
    let openCount = ends.length
    for (const direction of [up, down]) {
      const { from } = direction
      const onLost = (): void => close(direction.lost)
      from.on('data', (chunk: Buffer) => pump(direction, chunk))
      from.on('error', onLost)
      from.on('end', onLost)
      if (from.readableEnded) queueMicrotask(onLost)
      const onClosed = (): void => {
        onLost()
        if (--openCount > 0) return
        for (const timer of timers) clearTimeout(timer)
        resolve()
      }
      // A connection that was closed before no longer emits `close`.
      if (from.closed) queueMicrotask(onClosed)
      else from.once('close', onClosed)
    }
  })
  if (lifeMs !== undefined) {
    schedule(Math.min(lifeMs, maxTimerMs), () =>
      close({ code: closeCodes.goingAway, reason: 'time limit' }),
    )
  }
  if (clientHead.length > 0) pump(up, clientHead)
  if (upstreamHead.length > 0) pump(down, upstreamHead)
  if (client.destroyed || upstream.destroyed) close(client.destroyed ? up.lost : down.lost)
  return { close, destroy, ended }
}
