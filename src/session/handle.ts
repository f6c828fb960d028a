/** The session of one request: reads when asked, records what changes, writes once. */
import { randomId } from '../crypto/random.ts'
import { ConfigError } from '../errors.ts'
import type { CookieJar } from '../types.ts'
import { dataError, jsonCopy } from './data.ts'
import { accept, blank } from './edits.ts'
import type { Engine } from './engine.ts'
import { idDigest } from './events.ts'
import { settle } from './flush.ts'
import { absoluteEnd, idleEnd } from './lifetimes.ts'
import { isObject, type SessionRecord } from './record.ts'
import { RequestState } from './request-state.ts'
import type { SessionSettings } from './settings.ts'
import type { FlushableHandle, OptionalKey, SessionInfo } from './types.ts'

/** A handle over any engine; what its verbs promise is said in types.ts. */
export class Handle<Data extends object> implements FlushableHandle<Data> {
  readonly #of: RequestState<Data>

  constructor(settings: SessionSettings<Data>, engine: Engine<Data>, jar: CookieJar, atOnce: boolean) {
    this.#of = new RequestState(settings, engine, jar, atOnce)
  }

  async get(): Promise<Data | undefined> {
    await this.#of.load()
    const data = this.#of.view()?.data
    return data && jsonCopy(data, '')
  }

  set<K extends keyof Data>(key: K, value: Data[K]): void {
    this.#of.mustHaveSession()
    if (key === '__proto__') throw dataError('has a member called __proto__')
    this.#of.edits.push({ is: 'set', key, value: jsonCopy(value, String(key)) })
  }

  unset(key: OptionalKey<Data>): void {
    this.#of.mustHaveSession()
    this.#of.edits.push({ is: 'unset', key })
  }

  flash(name: string, value: unknown): void {
    this.#of.mustBeOpen()
    if (name === '' || name === '__proto__') throw dataError('needs another name for its message')
    this.#of.edits.push({ is: 'flash', name, value: jsonCopy(value, name) })
  }

  async takeFlash(name: string): Promise<unknown> {
    await this.#of.load()
    // From here to the push nothing awaits: two takers of this request cannot both have it.
    const flash = this.#of.view()?.flash
    if (flash === undefined || !Object.hasOwn(flash, name)) return undefined
    this.#of.mustBeOpen()
    this.#of.edits.push({ is: 'take', name })
    return jsonCopy(flash[name], name)
  }

  update(change: (data: Data | undefined) => Data): Promise<Data> {
    const { settings } = this.#of
    return this.#of.inTurn(async () => {
      this.#of.mustBeOpen()
      await this.#of.write(true, (record) => {
        const data = asObject<Data>(change(record?.data && jsonCopy(record.data, '')))
        const same = record?.data !== undefined && JSON.stringify(record.data) === JSON.stringify(data)
        return same ? record : { ...(record ?? blank<Data>(settings)), data }
      })
      return jsonCopy(this.#of.loaded?.record?.data as Data, '')
    })
  }

  start(data: Data, options: { readonly keep?: ReadonlyArray<keyof Data> } = {}): Promise<void> {
    const of = this.#of
    return of.inTurn(async () => {
      of.mustNotBeClosed()
      const given = asObject<Data>(data)
      const loaded = await of.load()
      const old = of.view()
      const kept = options.keep !== undefined && mayKeep(of.settings, old, given) ? pick(old?.data, options.keep) : {}
      const now = Math.floor(of.settings.clock() / 1000)
      const times = { created: now, seen: now, authenticated: now }
      const next = { id: randomId(), ...times, data: { ...kept, ...given } }
      const record = await accept(of.settings, undefined, next, true)
      const written = await of.engine.start(of.jar, loaded, record)
      // Changes to the old session ended with it; a message for the next request did not.
      of.edits = of.edits.filter(({ is }) => is === 'flash')
      of.status = 'open'
      of.stage(written)
    })
  }

  end(): Promise<void> {
    const of = this.#of
    return of.inTurn(async () => {
      of.mustNotBeClosed()
      const written = await of.engine.end(of.jar, of.loaded, of.atOnce && of.cookies.length > 0)
      of.edits = []
      of.status = 'ended'
      of.stage(written)
    })
  }

  async info(): Promise<SessionInfo | undefined> {
    await this.#of.load()
    const record = this.#of.view()
    if (record?.data === undefined) return undefined
    const { limits, keys } = this.#of.settings
    return {
      id: await idDigest(keys(this.#of.jar.env).ring, record.id),
      createdAt: record.created * 1000,
      expiresAt: absoluteEnd(record, limits) * 1000,
      idleExpiresAt: idleEnd(record, limits) * 1000,
      signedIn: record.authenticated !== undefined,
      ...(record.authenticated && { authenticatedAt: record.authenticated * 1000 }),
    }
  }

  commit(): Promise<void> {
    return this.#of.inTurn(async () => {
      this.#of.mustBeOpen()
      await this.#of.write(true)
    })
  }

  async list(): Promise<SessionInfo[]> {
    throw unsupported('list')
  }

  async endAll(): Promise<void> {
    throw unsupported('endAll')
  }

  flush(response: Response, { failed = false }: { readonly failed?: boolean } = {}): Response | Promise<Response> {
    const of = this.#of
    if (of.status === 'closed') return response
    // An upgraded connection carries no cookie: an activity worth noting waits for the next request.
    const due = of.edits.length > 0 || (of.loaded?.due !== undefined && response.status !== 101)
    // Most requests write nothing, and need no promise to find that out.
    return of.busy || (due && !failed) ? this.#flushLate(response, failed) : this.#close(response)
  }

  async #flushLate(response: Response, failed: boolean): Promise<Response> {
    const of = this.#of
    await of.settled()
    const due = of.edits.length > 0 || (of.loaded?.due !== undefined && response.status !== 101)
    if (due && !failed && of.status === 'open') await of.write(false)
    return this.#close(response)
  }

  #close(response: Response): Response {
    const { loaded, cookies, settings } = this.#of
    const personal = loaded?.record?.data !== undefined
    const settled = settle(response, { cookies, read: loaded !== undefined, personal }, settings.emit)
    this.#of.status = 'closed'
    return settled
  }
}

function asObject<Data extends object>(data: Data): Data {
  const copy = jsonCopy(data, '')
  if (!isObject(copy)) throw dataError('must be an object')
  return copy
}

/** What one user left is not handed to another. Without the option `user`, two signed-in sessions are two users. */
function mayKeep<Data>(settings: SessionSettings<Data>, old: SessionRecord<Data> | undefined, next: Data): boolean {
  if (old?.data === undefined) return false
  if (settings.user === undefined) return old.authenticated === undefined
  const before = settings.user(old.data)
  return before === undefined || before === settings.user(next)
}

function pick<Data extends object>(data: Data | undefined, keys: ReadonlyArray<keyof Data>): Partial<Data> {
  const picked: Partial<Data> = {}
  for (const key of keys) if (data !== undefined && Object.hasOwn(data, key)) picked[key] = data[key]
  return picked
}

function unsupported(verb: string): ConfigError {
  return new ConfigError([
    { option: 'session', problem: `is stateless: nothing is stored that ${verb}() could look at` },
  ])
}
