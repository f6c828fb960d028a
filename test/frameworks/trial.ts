/** One trial: a gateway with nothing counted yet in front of one application, and somebody who tries passwords. */
import { readFileSync } from 'node:fs'
import { type Framework, type Login, password } from './types.ts'
import { type Answer, type Sending, Visitor } from './visitor.ts'

/** A login as it is about to be sent; a trick changes what it likes. */
export interface Draft {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Uint8Array
  leaves?: boolean
}

/** What is tried. */
export interface Attempt {
  /** Default: the victim. */
  readonly account?: string
  readonly password: string
  readonly change?: (draft: Draft) => void
}

const form = 'application/x-www-form-urlencoded'

export class Trial {
  readonly framework: Framework
  readonly login: Login
  readonly #port: number
  readonly #host: string
  readonly #calls: string
  readonly #start: number

  /** How often a right password was let through. */
  logins = 0

  constructor(
    at: { port: number; calls: string },
    framework: Framework,
    login: Login,
    name: string,
    table = 'own',
  ) {
    this.framework = framework
    this.login = login
    this.#port = at.port
    this.#calls = at.calls
    this.#start = readFileSync(at.calls).length
    this.#host = `${name}.${table}.${framework.name}`
  }

  /** Somebody with no cookies yet. All of one trial come from one address. */
  visitor(): Visitor {
    return new Visitor(this.#port, this.#host, '203.0.113.7')
  }

  /** Lets time pass for the gateway. */
  async elapse(ms: number): Promise<void> {
    await this.visitor().send('GET', `/.harness/elapse?ms=${ms}`)
  }

  /** Lines that the application has noted since the trial began. */
  noted(): Array<Record<string, unknown>> {
    const text = readFileSync(this.#calls).subarray(this.#start).toString('utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** How often the application has looked at a password of the victim. */
  reached(): number {
    const { noted, victim } = this.login
    return this.noted().filter(({ account }) => account === (noted ?? victim)).length
  }

  /** Tries one password. */
  async attempt(
    visitor: Visitor,
    { account = this.login.victim, password: word, change }: Attempt,
  ): Promise<Answer> {
    const draft = await this.draft(visitor, account, word)
    change?.(draft)
    const { method, path, headers, body, leaves } = draft
    const sending: Sending = {
      headers,
      ...(leaves && { leaves }),
      ...(method !== 'GET' && method !== 'HEAD' && { body }),
    }
    return visitor.send(method, path, sending)
  }

  /** Signs in with the right password, and says whether the application let it. */
  async signIn(visitor: Visitor, account: string): Promise<boolean> {
    const { status, headers } = await this.attempt(visitor, { account, password })
    visitor.token = undefined
    const succeeded = this.login.succeeded(status, headers.get('location'))
    if (succeeded) this.logins++
    return succeeded
  }

  /** The login as the application's own form sends it. */
  async draft(visitor: Visitor, account: string, word: string): Promise<Draft> {
    const { path, kind, more = {}, account: name, password: secret } = this.login
    const { fields, headers } = await this.#token(visitor)
    if (kind === 'json') {
      const body = JSON.stringify({ ...more, [name]: account, [secret]: word })
      return {
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body,
      }
    }
    const all = [...Object.entries(more), ...fields, [name, account], [secret, word]]
    const body = all
      .map((pair) => pair.map((text) => encodeURIComponent(text ?? '')).join('='))
      .join('&')
    return { method: 'POST', path, headers: { 'content-type': form, ...headers }, body }
  }

  async #token(visitor: Visitor): Promise<{ fields: string[][]; headers: Record<string, string> }> {
    const { token, path } = this.login
    if (token === undefined) return { fields: [], headers: {} }
    if ('page' in token) {
      if (visitor.token === undefined) {
        const { text } = await visitor.send('GET', token.page)
        visitor.token = new RegExp(`${token.field}" value="([^"]+)"`).exec(text)?.[1] ?? ''
      }
      return { fields: [[token.field, visitor.token]], headers: {} }
    }
    if (!visitor.cookies.has(token.cookie)) await visitor.send('GET', path)
    const value = decodeURIComponent(visitor.cookies.get(token.cookie) ?? '')
    return 'field' in token
      ? { fields: [[token.field, value]], headers: {} }
      : { fields: [], headers: { [token.header]: value } }
  }
}
