/** A client with a cookie jar that sends what it is given, byte for byte, to one gateway of the fixture. */
import { Agent, request } from 'node:http'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
}

/** What a visitor sends besides its cookies. */
export interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Leaves when the request is sent, before there is an answer. */
  readonly leaves?: boolean
}

/** What somebody gets who did not wait. */
const gone: Answer = { status: 0, headers: new Map(), text: '' }

// A connection for each request: one that is kept may be closed just when the next request is sent.
const agent = new Agent({ keepAlive: false, maxSockets: 20 })

/** One browser of one person, or one script. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #port: number
  readonly #host: string
  readonly address: string
  /** A form's token, as long as it is good. */
  token: string | undefined

  constructor(port: number, host: string, address: string) {
    this.#port = port
    this.#host = `${host}.localhost:${port}`
    this.address = address
  }

  /** The origin that the visitor's browser shows. */
  get origin(): string {
    return `http://${this.#host}`
  }

  /** Sends one request; the path is not touched. Cookies of the answer are kept. */
  async send(
    method: string,
    path: string,
    { headers = {}, body, leaves = false }: Sending = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all: Record<string, string> = {
      host: this.#host,
      'cf-connecting-ip': this.address,
      ...(method !== 'GET' && method !== 'HEAD' && { origin: this.origin }),
      ...(body !== undefined && { 'content-length': `${Buffer.byteLength(body)}` }),
      ...(cookie !== '' && { cookie }),
      ...headers,
    }
    return new Promise((done, failed) => {
      const sent = request(
        { host: '127.0.0.1', port: this.#port, method, path, headers: all, agent },
        (answer) => {
          const parts: Buffer[] = []
          if (leaves) done(gone)
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.once('error', (error) => (leaves ? done(gone) : failed(error)))
          answer.once('end', () => {
            this.#keep(answer.headers['set-cookie'] ?? [])
            const list = Object.entries(answer.headers).map(([name, value]): [string, string] => [
              name,
              `${value}`,
            ])
            const text = Buffer.concat(parts).toString('utf8')
            done({ status: answer.statusCode ?? 0, headers: new Map(list), text })
          })
        },
      )
      sent.setTimeout(20_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)))
      sent.once('error', (error) => (leaves ? done(gone) : failed(error)))
      sent.end(body, () => {
        // The gateway has it when the kernel took it and a turn went by.
        if (leaves) setTimeout(() => sent.destroy(), 30)
      })
    })
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      const dead =
        attributes.some((text) => /^\s*max-age=(?:0|-\d+)\s*$/i.test(text)) || /^"?"?$/.test(value)
      if (dead) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }
}
