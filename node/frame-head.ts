/**
 * Parses the heads of WebSocket frames, checks close frames, and writes close frames (RFC 6455
 * sections 5.2 and 5.5.1). The frame readers and the tunnel of `serve()` call it. It throws
 * nothing: a violation is returned as a text or as the code and reason of a close frame, and
 * missing bytes give undefined.
 */
import { closeCodes, isCloseCode } from '../src/request/index.ts'

/**
 * The code and the reason of the close frame with which a connection must end (RFC 6455 section
 * 7.4.1).
 */
export interface FrameFault {
  readonly code: number
  readonly reason: string
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Creates the fault of a frame that violates the protocol. */
export const protocolError = (reason: string): FrameFault => ({
  code: closeCodes.protocolError,
  reason,
})
export const invalidText: FrameFault = { code: 1007, reason: 'text that is not UTF-8' }

/** The head of a frame. */
export interface FrameHead {
  readonly final: boolean
  readonly compressed: boolean
  readonly opcode: number
  readonly length: number
  /** The number of bytes before the payload. */
  readonly size: number
  readonly mask: Buffer | undefined
}

/**
 * Returns the bits that agreed extensions may set (section 9). RFC 7692 uses the first; an unknown
 * extension may use any.
 */
export function reservedBits(extensions: string | undefined): number {
  const names = (extensions ?? '')
    .split(',')
    .map((text) => text.split(';', 1)[0]?.trim().toLowerCase() ?? '')
  const extensionNames = names.filter((name) => name !== '')
  if (extensionNames.length === 0) return 0
  return extensionNames.every((name) => name === 'permessage-deflate') ? 0x40 : 0x70
}

/**
 * Parses the head of the frame at the start of some bytes. Returns a text that describes a
 * violation, or undefined if bytes are missing.
 */
export function parseHead(bytes: Buffer): FrameHead | string | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  const opcode = first & 0x0f
  const final = (first & 0x80) !== 0
  const short = second & 0x7f
  const problem = checkOpcode(opcode, final, short)
  if (problem !== undefined) return problem

  const isMasked = (second & 0x80) !== 0
  const lengthSize = short < 126 ? 0 : short === 126 ? 2 : 8
  const size = 2 + lengthSize + (isMasked ? 4 : 0)
  if (bytes.length < size) return undefined

  const length = lengthSize === 0 ? short : parseLength(bytes, lengthSize)
  if (typeof length === 'string') return length

  const mask = isMasked ? Buffer.from(bytes.subarray(size - 4, size)) : undefined
  return { final, compressed: (first & 0x40) !== 0, opcode, length, size, mask }
}

/**
 * Checks the opcode: it must be known, and control frames must be whole and short (sections 5.2 and
 * 5.5).
 */
function checkOpcode(opcode: number, final: boolean, short: number): string | undefined {
  if ((opcode > 2 && opcode < 8) || opcode > 10) return 'an unknown opcode'
  if (opcode < 8) return undefined
  if (!final) return 'a control frame in fragments'
  return short > 125 ? 'a control frame of more than 125 bytes' : undefined
}

/** Reads an extended length, which must use as few bytes as possible (section 5.2). */
function parseLength(bytes: Buffer, lengthSize: 2 | 8): number | string {
  if (lengthSize === 2) {
    const length = bytes.readUInt16BE(2)
    return length < 126 ? 'a length that is not encoded minimally' : length
  }

  const length = bytes.readBigUInt64BE(2)
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) return 'a length above the maximum'
  return length < 65_536n ? 'a length that is not encoded minimally' : Number(length)
}

/**
 * Checks the payload of a close frame: it is empty, or a code and a reason in UTF-8 (section
 * 5.5.1).
 */
export function checkClose(payload: Buffer): FrameFault | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return protocolError('an incomplete close code')
  if (!isCloseCode(payload.readUInt16BE(0)))
    return protocolError('a close code that must not be sent')
  return isText(new TextDecoder('utf-8', { fatal: true }), payload.subarray(2), true)
    ? undefined
    : invalidText
}

/** Reports whether bytes continue a UTF-8 text, or end it if they are the last. */
export function isText(decoder: TextDecoder, bytes: Buffer, last: boolean): boolean {
  try {
    decoder.decode(bytes, { stream: !last })
    return true
  } catch {
    return false
  }
}

/** Removes or applies the mask of bytes that begin `offset` bytes after the start of a payload. */
export function unmasked(bytes: Buffer, mask: Buffer | undefined, offset = 0): Buffer {
  if (mask === undefined) return bytes
  const plain = Buffer.allocUnsafe(bytes.length)
  for (let index = 0; index < bytes.length; index++) {
    plain[index] = (bytes[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0)
  }
  return plain
}

/**
 * Creates a close frame.
 *
 * @param mask - four random bytes for a frame to a server; none for a frame to a client (section
 *   5.3)
 */
export function writeCloseFrame({ code, reason }: FrameFault, mask?: Buffer): Buffer {
  const words = Buffer.from(reason).subarray(0, 123)
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), words])
  const head = Buffer.from([0x80 | opcodes.close, payload.length | (mask === undefined ? 0 : 0x80)])
  return Buffer.concat([head, mask ?? Buffer.alloc(0), unmasked(payload, mask)])
}
