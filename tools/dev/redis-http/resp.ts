/** A Redis connection that speaks RESP2 in raw bytes: nothing is reshaped, and a status stays apart from a string. */
import { connect, type Socket } from 'node:net'

/** Where a Redis listens. */
export type RedisPlace =
  | { readonly path: string }
  | { readonly host: string; readonly port: number }

/** A status reply, such as OK: not a string to Redis. */
export class Status {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** An error reply: a value here, since one command of a pipeline may fail and the next succeed. */
export class Refusal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Reply = Status | Refusal | Buffer | number | null | Reply[]

export interface RedisConnection {
  /** Writes all commands at once and resolves with their replies in order. Rejects when the connection is lost. */
  send(commands: ReadonlyArray<readonly string[]>): Promise<Reply[]>
  close(): void
}

/** Resolves once the connection is open. */
export async function openRedis(place: RedisPlace): Promise<RedisConnection> {
  const parser = new Parser()
  const waiting: Array<{ resolve: (reply: Reply) => void; reject: (error: Error) => void }> = []
  const socket = await open(place)
  let lost: Error | undefined
  const lose = (error: Error): void => {
    lost ??= error
    for (const { reject } of waiting.splice(0)) reject(lost)
  }

  socket.setNoDelay(true)
  socket.on('data', (chunk) => {
    for (const reply of parser.feed(chunk)) waiting.shift()?.resolve(reply)
  })
  socket.on('error', lose)
  socket.on('close', () => lose(new Error('Redis closed the connection')))

  return {
    send(commands): Promise<Reply[]> {
      if (lost) return Promise.reject(lost)

      const replies = commands.map(
        () => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })),
      )
      socket.write(Buffer.concat(commands.map(encode)))

      return Promise.all(replies)
    },
    close: () => socket.destroy(),
  }
}

/** A connection for one subscriber: every reply that ever comes goes to `heard`. */
export async function listenToRedis(
  place: RedisPlace,
  command: readonly string[],
  heard: (reply: Reply) => void,
): Promise<Socket> {
  const parser = new Parser()
  const socket = await open(place)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    for (const reply of parser.feed(chunk)) heard(reply)
  })
  socket.write(encode(command))

  return socket
}

function open(place: RedisPlace): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(place)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function encode(command: readonly string[]): Buffer {
  const parts = [Buffer.from(`*${command.length}\r\n`)]
  for (const argument of command) {
    const bytes = Buffer.from(argument)
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }

  return Buffer.concat(parts)
}

/** Collects chunks and gives whole replies. */
class Parser {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  feed(chunk: Buffer): Reply[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    this.#at = 0

    const replies: Reply[] = []
    for (let done = 0; ; done = this.#at) {
      const reply = this.#at < this.#bytes.length ? this.#next() : undefined
      if (reply === undefined) {
        this.#bytes = this.#bytes.subarray(done)
        return replies
      }

      replies.push(reply)
    }
  }

  /** The next reply, or undefined where its end has not come yet. */
  #next(): Reply | undefined {
    const end = this.#bytes.indexOf('\r\n', this.#at)
    if (end === -1) return undefined

    const kind = String.fromCharCode(this.#bytes[this.#at] as number)
    const line = this.#bytes.toString('utf8', this.#at + 1, end)
    this.#at = end + 2
    if (kind === '+') return new Status(line)
    if (kind === '-') return new Refusal(line)

    const size = Number(line)
    if (kind === ':') return size
    if (size < 0) return null
    if (kind === '$') {
      const start = this.#at
      if (this.#bytes.length < start + size + 2) return undefined

      this.#at = start + size + 2
      return Buffer.from(this.#bytes.subarray(start, start + size))
    }

    const list: Reply[] = []
    while (list.length < size) {
      const item = this.#next()
      if (item === undefined) return undefined
      list.push(item)
    }

    return list
  }
}
