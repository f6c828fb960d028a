/** What a row of the attacks says, and the words it says it with. */

export interface Attack {
  /** Of docs/attacks.md. */
  readonly number: number
  readonly attack: string
  /** The bytes, as Latin-1. `{session}` stands for the cookie of an administrator, `{visitor}` for one without roles. */
  readonly send: string
  /** Bytes that the upstream answers with; else 200 and `ok`. `{origin}` stands for its own address. */
  readonly answer?: string
  readonly status: number
  /** Headers of the answer: the value, every value in order, or null for one that must not be there. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  /** The body of the answer, as Latin-1. */
  readonly body?: string
  /**
   * Every byte the upstream saw; undefined: no byte. What is made anew for each request is written `{origin}`, `{id}`,
   * `{page-nonce}`, `{nonce}`, `{jwt}`.
   */
  readonly upstream?: string
  /** workerd answers by itself, before any Worker: then nothing of the gateway is on the answer. */
  readonly before?: true
}

/** Lines of a head, and what follows it. */
export function bytes(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** A GET of a path and nothing else. */
export function get(path: string, ...headers: string[]): string {
  return bytes([`GET ${path} HTTP/1.1`, 'Host: gateway.test', ...headers])
}
