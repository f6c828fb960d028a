/** Frames of WebSockets, good and bad, as bytes: what breaks RFC 6455 and what must be said about it. */

export interface BadFrame {
  readonly what: string
  /** The frame of a client, or of a server. */
  bytes(fromClient: boolean): Buffer
  /** Codes of RFC 6455 section 7.4.1 that fit. */
  readonly codes: readonly number[]
  /** What workerd lets pass: nothing that runs inside it can know. */
  readonly unseenByWorkerd?: true
}

/** Builds a frame: masked where a client sends it. `length` writes the length in a way of its own. */
export function frame(
  first: number,
  payload: string | readonly number[],
  fromClient: boolean,
  length?: readonly number[],
): Buffer {
  const plain = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
  const [short = 0, ...more] =
    length ?? (plain.length < 126 ? [plain.length] : [126, plain.length >> 8, plain.length & 255])
  const mask = Buffer.from([1, 2, 3, 4])
  const body = fromClient ? plain.map((byte, at) => byte ^ (mask[at & 3] ?? 0)) : plain
  return Buffer.concat([
    Buffer.from([first, short | (fromClient ? 0x80 : 0), ...more]),
    fromClient ? mask : Buffer.alloc(0),
    body,
  ])
}

/** The code of the first close frame among these frames; undefined where there is none. */
export function closeCode(bytes: Buffer): number | undefined {
  let at = 0
  while (at + 2 <= bytes.length) {
    const [first = 0, second = 0] = bytes.subarray(at)
    const short = second & 0x7f
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short
    const masked = (second & 0x80) !== 0
    const start = at + size + (masked ? 4 : 0)
    if ((first & 0x0f) === 8) {
      const mask = masked ? bytes.subarray(start - 4, start) : Buffer.alloc(4)
      const [high = 0, low = 0] = bytes
        .subarray(start, start + 2)
        .map((byte, index) => byte ^ (mask[index] ?? 0))
      return length < 2 ? 1005 : (high << 8) | low
    }
    at = start + length
  }
  return undefined
}

const protocolError = [1002] as const

export const badFrames: readonly BadFrame[] = [
  {
    what: 'the first reserved bit',
    bytes: (client) => frame(0xc1, 'hi', client),
    codes: protocolError,
  },
  {
    what: 'the third reserved bit',
    bytes: (client) => frame(0x91, 'hi', client),
    codes: protocolError,
  },
  { what: 'an unknown opcode', bytes: (client) => frame(0x83, 'hi', client), codes: protocolError },
  {
    what: 'an unknown control opcode',
    bytes: (client) => frame(0x8b, '', client),
    codes: protocolError,
  },
  {
    what: 'a control frame in fragments',
    bytes: (client) => frame(0x09, 'p', client),
    codes: protocolError,
  },
  {
    what: 'a control frame of 126 bytes',
    bytes: (client) => frame(0x89, 'a'.repeat(126), client),
    codes: protocolError,
    unseenByWorkerd: true,
  },
  {
    what: 'a mask where none may be, or none where one must be',
    bytes: (client) => frame(0x81, 'hi', !client),
    codes: protocolError,
    unseenByWorkerd: true,
  },
  {
    what: 'a continuation without a first frame',
    bytes: (client) => frame(0x80, 'hi', client),
    codes: protocolError,
  },
  {
    what: 'a message within a fragmented message',
    bytes: (client) => Buffer.concat([frame(0x01, 'hi', client), frame(0x81, 'x', client)]),
    codes: protocolError,
  },
  {
    what: 'an incomplete close code',
    bytes: (client) => frame(0x88, 'a', client),
    codes: [1002, 1005],
  },
  {
    what: 'the close code 1005',
    bytes: (client) => frame(0x88, [0x03, 0xed], client),
    codes: [1002, 1005],
  },
  {
    what: 'the close code 999',
    bytes: (client) => frame(0x88, [0x03, 0xe7], client),
    codes: protocolError,
  },
  {
    what: 'the close code 2999',
    bytes: (client) => frame(0x88, [0x0b, 0xb7], client),
    codes: protocolError,
  },
  {
    what: 'the close code 5000',
    bytes: (client) => frame(0x88, [0x13, 0x88], client),
    codes: protocolError,
  },
  {
    what: 'a close reason that is not UTF-8',
    bytes: (client) => frame(0x88, [0x03, 0xe8, 0xff], client),
    codes: [1007, 1000],
  },
  {
    what: 'a long close reason that is not UTF-8',
    bytes: (client) =>
      frame(0x88, [0x03, 0xe8, ...Array.from({ length: 123 }, () => 0xff)], client),
    codes: [1007, 1000],
  },
  {
    what: 'text that is not UTF-8',
    bytes: (client) => frame(0x81, [0xff, 0xfe], client),
    codes: [1007],
    unseenByWorkerd: true,
  },
  {
    what: 'text that ends inside a character',
    bytes: (client) => frame(0x81, [0xc3], client),
    codes: [1007],
    unseenByWorkerd: true,
  },
  {
    what: 'a length with its highest bit',
    bytes: (client) => frame(0x82, '', client, [127, 0x80, 0, 0, 0, 0, 0, 0, 1]),
    codes: [1002, 1009],
  },
  {
    what: 'a length in two bytes that fits in one',
    bytes: (client) => frame(0x82, 'hi', client, [126, 0, 2]),
    codes: protocolError,
    unseenByWorkerd: true,
  },
  {
    what: 'a length in eight bytes that fits in two',
    bytes: (client) => frame(0x82, 'hi', client, [127, 0, 0, 0, 0, 0, 0, 0, 2]),
    codes: protocolError,
    unseenByWorkerd: true,
  },
]
