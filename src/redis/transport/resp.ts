/**
 * Encodes commands and decodes replies of Redis's own protocol (RESP2), as far as `socketSender()`
 * needs it, which is the only caller. Bytes that are not a reply, and lists nested deeper than 8
 * levels, throw a `TypeError`. Replies that are not complete yet give undefined, and the caller
 * decodes again with more bytes. There is no limit of size here.
 */

/** An error reply of Redis. */
export interface RespError {
  readonly error: string
}

/** A reply: a text, a whole number, null, a list of replies, or an error. */
export type RespReply = string | number | null | RespError | RespReply[]

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const [CR, LF] = [13, 10]

/**
 * Encodes commands, one after another.
 *
 * @see RESP2, "Sending commands to a Redis server"
 */
export function encodeCommands(commands: ReadonlyArray<readonly string[]>): Uint8Array {
  const parts = commands.map((command) => {
    const words = command.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`)
    return `*${command.length}\r\n${words.join('')}`
  })
  return encoder.encode(parts.join(''))
}

/**
 * Decodes the first `count` replies in these bytes. Returns undefined where they are not complete
 * yet.
 *
 * @throws {TypeError} for bytes that are not a reply of Redis
 */
export function decodeReplies(bytes: Uint8Array, count: number): RespReply[] | undefined {
  const reader = { bytes, position: 0 }
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
  position: number
}

/** The deepest nesting of a reply. The library's scripts return lists of lists at most. */
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
  throw new TypeError('The server did not answer with a reply of the Redis protocol')
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
  const endIndex = reader.position + length
  if (endIndex + 2 > reader.bytes.length) return undefined
  const text = decoder.decode(reader.bytes.subarray(reader.position, endIndex))
  reader.position = endIndex + 2
  return text
}

function readLine(reader: Reader): string | undefined {
  const endIndex = reader.bytes.indexOf(LF, reader.position)
  if (endIndex === -1) return undefined
  if (reader.bytes[endIndex - 1] !== CR)
    throw new TypeError('The server did not answer with a reply of the Redis protocol')
  const line = decoder.decode(reader.bytes.subarray(reader.position, endIndex - 1))
  reader.position = endIndex + 1
  return line
}
