/** The session of one request: reads when asked, records what changes, writes once. */
import { isPortcullisError } from '../../errors.ts'
import { dataError, jsonCopy } from '../core/data.ts'
import { createUnsupportedError } from '../core/errors.ts'
import type { SessionFacts } from '../core/info.ts'
import type { Messages } from '../core/record.ts'
import type { FlushableHandle, OptionalKey, SessionInfo, StartOptions } from '../core/types.ts'
import { createBlankRecord } from './edits.ts'
import { finishResponse } from './flush.ts'
import { createLogin, requireObject } from './login.ts'
import { readFacts, readInfo } from './read-info.ts'
import type { RequestState } from './request-state.ts'
import { takeMessages } from './take-messages.ts'
import { createVersionGuard } from './version-guard.ts'

/** A handle over any engine; what its verbs promise is said in types.ts. */
export class Handle<Data extends object> implements FlushableHandle<Data> {
  /** What it was opened for. */
  readonly context: object
  readonly #of: RequestState<Data>
  #shown = false

  constructor(of: RequestState<Data>, context: object) {
    this.#of = of
    this.context = context
  }

  prefetch(): Promise<void> {
    return this.#of.prefetch()
  }

  async get(): Promise<Data | undefined> {
    if (this.#of.loaded === undefined) await this.#of.load()
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
    // Also after a logout: "You are signed out" belongs to the next request, whose session it begins.
    this.#of.mustNotBeClosed()
    requireMessageName(name)
    this.#of.edits.push({ is: 'flash', name, value: jsonCopy(value, name) })
  }

  async takeFlash(name: string): Promise<unknown> {
    requireMessageName(name)
    return (await this.#take((other) => other === name))?.[name]
  }

  takeMessages(mayTake: (name: string, value: unknown) => boolean): Promise<Messages | undefined> {
    return this.#take(mayTake)
  }

  async #take(mayTake: (name: string, value: unknown) => boolean): Promise<Messages | undefined> {
    await this.#of.load()
    const taken = await takeMessages(this.#of, mayTake)
    // Shown to one person, also where that person has no data.
    if (taken !== undefined) this.#shown = true
    return taken
  }

  update(
    change: (data: Data | undefined) => Data,
    options: { readonly ifVersion?: string } = {},
  ): Promise<Data> {
    const { settings } = this.#of
    return this.#of.runExclusive(async () => {
      this.#of.mustBeOpen()
      const guard = createVersionGuard(
        await this.#of.load(),
        options.ifVersion,
        this.#of.engine.list !== undefined,
      )
      await this.#of.write(true, (record) => {
        guard()
        const data = requireObject<Data>(change(record?.data && jsonCopy(record.data, '')))
        const same =
          record?.data !== undefined && JSON.stringify(record.data) === JSON.stringify(data)
        return same ? record : { ...(record ?? createBlankRecord<Data>(settings)), data }
      })
      return jsonCopy(this.#of.loaded?.record?.data as Data, '')
    })
  }

  start(data: Data, options: StartOptions<Data> = {}): Promise<void> {
    const of = this.#of
    return of.runExclusive(async () => {
      of.mustNotBeClosed()
      const { keep = [], authenticatedAt } = options
      const edits = [...of.edits]
      const make = createLogin(of.settings, requireObject<Data>(data), keep, edits, authenticatedAt)
      const written = await of.engine.start(of.jar, await of.load(), make, keep.length > 0)
      // Changes to the old session ended with it; its messages and those for the next request went along.
      of.edits = of.edits.filter((edit) => edit.is === 'flash' && !edits.includes(edit))
      of.status = 'open'
      of.stage(written)
    })
  }

  end(): Promise<void> {
    const of = this.#of
    return of.runExclusive(async () => {
      of.mustNotBeClosed()
      const { failure, ...written } = await of.engine.end(
        of.jar,
        of.loaded,
        of.atOnce && of.cookies.length > 0,
      )
      of.edits = []
      of.status = 'ended'
      of.stage(written)
      if (failure !== undefined) throw failure
    })
  }

  facts(): SessionFacts | undefined {
    return readFacts(this.#of)
  }

  info(): Promise<SessionInfo | undefined> {
    return readInfo(this.#of)
  }

  commit(): Promise<void> {
    return this.#of.runExclusive(async () => {
      // After a logout only a message can wait.
      if (this.#of.edits.length === 0) this.#of.mustBeOpen()
      this.#of.mustNotBeClosed()
      await this.#of.write(true)
    })
  }

  async list(): Promise<SessionInfo[]> {
    const { engine, jar } = this.#of
    if (engine.list === undefined) throw createUnsupportedError('list')
    return engine.list(jar, await this.#of.load())
  }

  async endOne(id: string): Promise<boolean> {
    const { engine, jar } = this.#of
    if (engine.endOne === undefined) throw createUnsupportedError('endOne')
    if ((await this.info())?.id === id) return this.end().then(() => true)
    return engine.endOne(jar, await this.#of.load(), id)
  }

  async endAll({
    exceptCurrent = false,
  }: {
    readonly exceptCurrent?: boolean
  } = {}): Promise<void> {
    const of = this.#of
    const { engine } = of
    if (engine.endAll === undefined) throw createUnsupportedError('endAll')
    let failure: unknown
    try {
      const written = await engine.endAll(of.jar, await of.load(), exceptCurrent)
      if (written !== undefined) of.stage(written)
    } catch (error) {
      // As with a logout: the cookie goes although the store is down.
      if (exceptCurrent || isPortcullisError(error, 'ERR_CONFIG')) throw error
      failure = error
    }
    if (!exceptCurrent) await this.end()
    if (failure !== undefined) throw failure
  }

  flush(
    response: Response,
    { failed = false }: { readonly failed?: boolean } = {},
  ): Response | Promise<Response> {
    const of = this.#of
    if (of.status === 'closed') return response
    // An upgraded connection carries no cookie: an activity worth noting waits for the next request.
    const due = of.edits.length > 0 || (of.loaded?.due !== undefined && response.status !== 101)
    // Most requests write nothing, and need no promise to find that out.
    return of.busy || (due && !failed) ? this.#flushLate(response, failed) : this.#close(response)
  }

  async #flushLate(response: Response, failed: boolean): Promise<Response> {
    const of = this.#of
    if (of.busy) await of.waitForVerbs()
    const due = of.edits.length > 0 || (of.loaded?.due !== undefined && response.status !== 101)
    if (due && !failed && of.status !== 'closed') await of.write(false)
    return this.#close(response)
  }

  #close(response: Response): Response {
    const { loaded, cookies, settings } = this.#of
    const personal = loaded?.record?.data !== undefined || this.#shown
    const settled = finishResponse(
      response,
      { cookies, read: loaded !== undefined, personal },
      settings.emit,
    )
    this.#of.status = 'closed'
    return settled
  }
}

/** Origins send messages as an object; `flash` takes a name and a value, which untyped code mixes up. */
function requireMessageName(name: unknown): void {
  if (typeof name !== 'string') throw dataError('needs a text as the name of its message')
  if (name === '' || name === '__proto__') throw dataError('needs another name for its message')
}
