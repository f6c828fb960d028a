/**
 * Reads the frames of one direction of a WebSocket while its bytes are forwarded, and detects
 * violations of the protocol (RFC 6455). The tunnel of `serve()` creates one reader for each
 * direction. It throws nothing: a violation is returned as the code and reason of a close frame,
 * after which no more bytes may be read. Frames up to 64 KB are forwarded whole, longer ones in
 * parts, so that the other end may already have a part of a long invalid frame. Compressed messages
 * are not decompressed.
 */
import {
  checkClose,
  type FrameFault,
  type FrameHead,
  invalidText,
  isText,
  opcodes,
  parseHead,
  protocolError,
  reservedBits,
  unmasked,
} from './frame-head.ts'

/** The direction of the frames, and the agreed extensions. */
export interface FrameReaderOptions {
  /**
   * Whether every frame must be masked: frames of a client must be, those of a server must not
   * (section 5.1).
   */
  readonly masked: boolean
  /** The value of Sec-WebSocket-Extensions in the response to the handshake. */
  readonly extensions: string | undefined
}

/** The result of reading bytes. */
export interface FrameReading {
  /** The bytes to forward, in their order: whole frames, except for those of more than 64 KB. */
  readonly pass: readonly Buffer[]
  /** The violation in the bytes after `pass`, if there is one. No more bytes may be read then. */
  readonly fault?: FrameFault
}

/** Reads the frames of one direction. */
export interface FrameReader {
  read(chunk: Buffer): FrameReading
  /** Whether the forwarded bytes end with a whole frame, so that a close frame may follow. */
  readonly betweenFrames: boolean
  /** Whether a close frame was forwarded. */
  readonly closed: boolean
}

/**
 * The largest frame that is forwarded whole, so that violations inside are found before the other
 * end receives them.
 */
const maxBufferedFrame = 65_536

/** Creates a reader for one direction of one connection. */
export function createFrameReader({ masked, extensions }: FrameReaderOptions): FrameReader {
  const reserved = reservedBits(extensions)
  let buffered: Buffer = Buffer.alloc(0)
  /**
   * The frame that is forwarded while it arrives, and how many bytes of its payload were forwarded.
   */
  let partialFrame: { readonly head: FrameHead; offset: number } | undefined
  let isClosed = false
  const messages = createMessageChecker()

  function readPart(bytes: Buffer, pass: Buffer[]): FrameFault | undefined {
    if (partialFrame === undefined) return undefined
    const { head, offset } = partialFrame
    const isLast = offset + bytes.length === head.length
    const fault = messages.check(head, bytes, offset, isLast)
    pass.push(bytes)
    if (isLast) partialFrame = undefined
    else partialFrame.offset += bytes.length
    return fault
  }

  function readFrame(pass: Buffer[]): FrameFault | 'more' | undefined {
    const head = parseHead(buffered)
    if (head === undefined) return 'more'
    if (typeof head === 'string') return protocolError(head)

    const fault =
      checkMask(head, masked) ??
      checkReservedBits(head, buffered[0] ?? 0, reserved) ??
      messages.begin(head)
    if (fault !== undefined) return fault

    const end = head.size + head.length
    if (head.length > maxBufferedFrame) {
      partialFrame = { head, offset: 0 }
      pass.push(buffered.subarray(0, head.size))
      const part = buffered.subarray(head.size, end)
      buffered = buffered.subarray(Math.min(end, buffered.length))
      return readPart(part, pass)
    }
    if (buffered.length < end) return 'more'
    const payload = buffered.subarray(head.size, end)
    const payloadFault = checkPayload(head, payload, messages)
    if (payloadFault !== undefined) return payloadFault

    pass.push(buffered.subarray(0, end))
    buffered = buffered.subarray(end)
    isClosed ||= head.opcode === opcodes.close
    return undefined
  }

  return {
    read(chunk): FrameReading {
      const pass: Buffer[] = []
      let rest = chunk
      if (partialFrame !== undefined) {
        const part = rest.subarray(0, partialFrame.head.length - partialFrame.offset)
        rest = rest.subarray(part.length)
        const fault = readPart(part, pass)
        if (fault !== undefined) return { pass, fault }
      }
      buffered = buffered.length === 0 ? rest : Buffer.concat([buffered, rest])
      // No frame may follow a close frame (section 5.5.1). Later bytes are dropped.
      while (buffered.length > 0 && partialFrame === undefined && !isClosed) {
        const result = readFrame(pass)
        if (result === 'more') break
        if (result !== undefined) return { pass, fault: result }
      }
      if (isClosed) buffered = Buffer.alloc(0)
      return { pass }
    },
    get betweenFrames(): boolean {
      return partialFrame === undefined
    },
    get closed(): boolean {
      return isClosed
    },
  }
}

/** Checks the mask: frames of clients must have one, those of servers must not (section 5.1). */
function checkMask({ mask }: FrameHead, masked: boolean): FrameFault | undefined {
  if ((mask !== undefined) === masked) return undefined
  return protocolError(masked ? 'a frame without a mask' : 'a masked frame')
}

/**
 * Checks the reserved bits: only those of an agreed extension may be set, and the bit of
 * compression only in the first frame of a message (section 5.2).
 */
function checkReservedBits(
  { opcode }: FrameHead,
  firstByte: number,
  reserved: number,
): FrameFault | undefined {
  const beginsMessage = opcode < 8 && opcode !== opcodes.continuation
  const allowed = beginsMessage ? reserved : reserved & ~0x40
  return (firstByte & 0x70 & ~allowed) === 0 ? undefined : protocolError('a reserved bit')
}

/** Checks the payload of a whole frame. */
function checkPayload(
  head: FrameHead,
  payload: Buffer,
  messages: MessageChecker,
): FrameFault | undefined {
  return head.opcode === opcodes.close
    ? checkClose(unmasked(payload, head.mask))
    : messages.check(head, payload, 0, true)
}

interface MessageChecker {
  /** Checks whether a frame is allowed at this point (section 5.4). */
  begin(head: FrameHead): FrameFault | undefined
  /**
   * Checks a part of the frame's payload, which begins `offset` bytes after the payload's start.
   */
  check(head: FrameHead, part: Buffer, offset: number, isLast: boolean): FrameFault | undefined
}

/**
 * Creates a checker of fragments and text. A compressed message is not decompressed, so the ends
 * must check its text.
 */
function createMessageChecker(): MessageChecker {
  let inMessage = false
  let text: TextDecoder | undefined
  return {
    begin({ opcode, final, compressed }): FrameFault | undefined {
      if (opcode >= 8) return undefined
      if (opcode === opcodes.continuation && !inMessage)
        return protocolError('a continuation without a first frame')
      if (opcode !== opcodes.continuation) {
        if (inMessage) return protocolError('a message within a fragmented message')
        text =
          opcode === opcodes.text && !compressed
            ? new TextDecoder('utf-8', { fatal: true })
            : undefined
      }
      inMessage = !final
      return undefined
    },
    check({ opcode, final, mask }, part, offset, isLast): FrameFault | undefined {
      if (opcode >= 8 || text === undefined) return undefined
      return isText(text, unmasked(part, mask, offset), final && isLast) ? undefined : invalidText
    },
  }
}
