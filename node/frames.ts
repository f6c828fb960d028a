/** Reads the frames of one direction of a WebSocket while its bytes pass, and finds what breaks the protocol (RFC 6455). */
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

/** Which way the frames go, and what was agreed on. */
export interface FrameReaderOptions {
  /** Whether every frame must be masked: those of a client must, those of a server must not (section 5.1). */
  readonly masked: boolean
  /** Value of Sec-WebSocket-Extensions in the answer to the handshake. */
  readonly extensions: string | undefined
}

/** The result of reading bytes. */
export interface FrameReading {
  /** Bytes to pass on, in their order. Whole frames, but for those of more than 64 KB. */
  readonly pass: readonly Buffer[]
  /** Set where what follows `pass` breaks the protocol. Nothing may be read after it. */
  readonly fault?: FrameFault
}

/** Reads the frames of one direction. */
export interface FrameReader {
  read(chunk: Buffer): FrameReading
  /** Whether the bytes passed so far end with a frame, so that a frame of ours may follow. */
  readonly betweenFrames: boolean
  /** Whether a close frame has passed. */
  readonly closed: boolean
}

/** Frames up to this size are passed on whole, so that what is wrong inside is found before the other end sees it. */
const longestHeld = 65_536

/** Creates a reader for one direction of one connection. */
export function createFrameReader({ masked, extensions }: FrameReaderOptions): FrameReader {
  const reserved = reservedBits(extensions)
  let held: Buffer = Buffer.alloc(0)
  /** The frame that is passed on while it arrives, and how much of it is still to come. */
  let open: { readonly head: FrameHead; at: number } | undefined
  let closed = false
  const messages = createMessageChecker()

  function readPart(bytes: Buffer, pass: Buffer[]): FrameFault | undefined {
    if (open === undefined) return undefined
    const { head, at } = open
    const last = at + bytes.length === head.length
    const fault = messages.check(head, bytes, at, last)
    pass.push(bytes)
    if (last) open = undefined
    else open.at += bytes.length
    return fault
  }

  function readFrame(pass: Buffer[]): FrameFault | 'more' | undefined {
    const head = parseHead(held)
    if (head === undefined) return 'more'
    if (typeof head === 'string') return protocolError(head)

    const fault =
      checkMask(head, masked) ??
      checkReservedBits(head, held[0] ?? 0, reserved) ??
      messages.begin(head)
    if (fault !== undefined) return fault

    const end = head.size + head.length
    if (head.length > longestHeld) {
      open = { head, at: 0 }
      pass.push(held.subarray(0, head.size))
      const part = held.subarray(head.size, end)
      held = held.subarray(Math.min(end, held.length))
      return readPart(part, pass)
    }
    if (held.length < end) return 'more'
    const payload = held.subarray(head.size, end)
    const payloadFault = checkPayload(head, payload, messages)
    if (payloadFault !== undefined) return payloadFault

    pass.push(held.subarray(0, end))
    held = held.subarray(end)
    closed ||= head.opcode === opcodes.close
    return undefined
  }

  return {
    read(chunk): FrameReading {
      const pass: Buffer[] = []
      let rest = chunk
      if (open !== undefined) {
        const part = rest.subarray(0, open.head.length - open.at)
        rest = rest.subarray(part.length)
        const fault = readPart(part, pass)
        if (fault !== undefined) return { pass, fault }
      }
      held = held.length === 0 ? rest : Buffer.concat([held, rest])
      // Nothing may follow a close frame (section 5.5.1); what does is dropped.
      while (held.length > 0 && open === undefined && !closed) {
        const result = readFrame(pass)
        if (result === 'more') break
        if (result !== undefined) return { pass, fault: result }
      }
      if (closed) held = Buffer.alloc(0)
      return { pass }
    },
    get betweenFrames(): boolean {
      return open === undefined
    },
    get closed(): boolean {
      return closed
    },
  }
}

/** Section 5.1: frames of clients are masked, those of servers are not. */
function checkMask({ mask }: FrameHead, masked: boolean): FrameFault | undefined {
  if ((mask !== undefined) === masked) return undefined
  return protocolError(masked ? 'a frame without a mask' : 'a masked frame')
}

/** Section 5.2: only the bits of an agreed extension may be set, and compression only where a message begins. */
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
  /** Checks that a frame may stand here (section 5.4). */
  begin(head: FrameHead): FrameFault | undefined
  /** Checks a part of its payload, `at` bytes after its beginning. */
  check(head: FrameHead, part: Buffer, at: number, last: boolean): FrameFault | undefined
}

/** Checks fragments and text. A compressed message is not unpacked, so that its text is the ends' to check. */
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
    check({ opcode, final, mask }, part, at, last): FrameFault | undefined {
      if (opcode >= 8 || text === undefined) return undefined
      return isText(text, unmasked(part, mask, at), final && last) ? undefined : invalidText
    },
  }
}
