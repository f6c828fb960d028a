/**
 * Encodes commands and decodes replies of Redis's own protocol, as far as they are needed.
 * `socket-sender.ts` calls it. Bytes that are no reply throw a `TypeError`; incomplete replies
 * give undefined.
 */

/** An error of Redis. */
export interface RespError {
  readonly error: string
}

/** One reply: text, a whole number, null, a list of them, or an error. */
export type RespReply = string | number | null | RespError | RespReply[]

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const [CR, LF] = [13, 10]

/** Commands as bytes, one after the other. @see RESP2, "Sending commands to a Redis server" */
export function encodeCommands(commands: ReadonlyArray<readonly string[]>): Uint8Array {
  const parts = commands.map((command) => {
    const words = command.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`)
    return `*${command.length}\r\n${words.join('')}`
  })
  return encoder.encode(parts.join(''))
}

/**
 * The first replies in these bytes, as many as are asked for; undefined where they are not all there yet.
 *
 * @throws {TypeError} for what is no reply from Redis
 */
export function decodeReplies(bytes: Uint8Array, count: number): RespReply[] | undefined {
  const reader = { bytes, at: 0 }
  const replies: RespReply[] = []
  while (replies.length < count) {
    const reply = readReply(reader, 0)
    if (reply === undefined) return undefined
    replies.push(reply)
  }
  return replies
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

/** Our scripts answer lists of lists; deeper ones are not theirs. */
const maxDepth = 8

function readReply(reader: Reader, depth: number): RespReply | undefined {
  const line = readLine(reader)
  if (line === undefined) return undefined
  const [kind, rest] = [line[0], line.slice(1)]
  if (kind === '+') return rest
  if (kind === '-') return { error: rest }
  if (kind === ':') return Number(rest)
  if (kind === '$') return readText(reader, Number(rest))
  if (kind === '*' && depth < maxDepth) return readList(reader, Number(rest), depth)
  throw new TypeError('no reply from Redis')
}

function readList(reader: Reader, length: number, depth: number): RespReply[] | null | undefined {
  if (length < 0) return null
  const list: RespReply[] = []
  for (let index = 0; index < length; index++) {
    const reply = readReply(reader, depth + 1)
    if (reply === undefined) return undefined
    list.push(reply)
  }
  return list
}

function readText(reader: Reader, length: number): string | null | undefined {
  if (length < 0) return null
  const endIndex = reader.at + length
  if (endIndex + 2 > reader.bytes.length) return undefined
  const text = decoder.decode(reader.bytes.subarray(reader.at, endIndex))
  reader.at = endIndex + 2
  return text
}

function readLine(reader: Reader): string | undefined {
  const endIndex = reader.bytes.indexOf(LF, reader.at)
  if (endIndex === -1) return undefined
  if (reader.bytes[endIndex - 1] !== CR) throw new TypeError('no reply from Redis')
  const line = decoder.decode(reader.bytes.subarray(reader.at, endIndex - 1))
  reader.at = endIndex + 1
  return line
}
