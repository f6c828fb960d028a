/**
 * The handle of one request's session, `c.var.session`: it loads the session when it is first read, records
 * changes as edits, and writes them once. `strategy.ts` creates one for each context; applications, the
 * gateway and the login call its methods.
 *
 * Methods reject with the codes that `core/types.ts` lists for each. Methods that write run one after
 * the other, even if a handler starts several at once. Changes by `set`, `unset` and `flash` that are not
 * flushed or committed are lost. After the flush every change throws `ERR_SESSION_CLOSED`.
 */

import { ConfigError, isPortcullisError } from '../../errors.ts'
import { findStatus } from '../../request/tracked-headers.ts'
import { dataError, jsonCopy } from '../core/data.ts'
import type { DeviceState, LoadResult } from '../core/engine.ts'
import { createUnsupportedError } from '../core/errors.ts'
import { emitSessionEvent } from '../core/events.ts'
import type { SessionFacts } from '../core/info.ts'
import type { Messages } from '../core/record.ts'
import type {
  EventTags,
  FlushableHandle,
  OptionalKey,
  SessionInfo,
  StartOptions,
} from '../core/types.ts'
import { createBlankRecord } from './edits.ts'
import { finishResponse } from './flush.ts'
import { createLogin, requireObject } from './login.ts'
import { readEventTags, readFacts, readInfo } from './read-info.ts'
import type { RequestState } from './request-state.ts'
import { type MayTake, takeMessages } from './take-messages.ts'

/** A handle over any engine. {@link FlushableHandle} documents its methods. */
export class Handle<Data extends object> implements FlushableHandle<Data> {
  /** The context that the handle was opened for. */
  readonly context: object
  readonly #state: RequestState<Data>
  /** True if a flash message was taken. The response is personal then, even if the session has no data. */
  #tookMessages = false

  constructor(requestState: RequestState<Data>, context: object) {
    this.#state = requestState
    this.context = context
  }

  prefetch(): Promise<void> {
    return this.#state.prefetch()
  }

  async get(): Promise<Data | undefined> {
    if (this.#state.session === undefined) await this.#state.load()
    const sessionData = this.#state.view()?.data
    return sessionData && jsonCopy(sessionData, '')
  }

  set<K extends keyof Data>(key: K, value: Data[K]): void {
    this.#state.requireSession()
    if (key === '__proto__') throw dataError('has a member called __proto__')
    this.#state.edits.push({ type: 'set', key, value: jsonCopy(value, String(key)) })
  }

  unset(key: OptionalKey<Data>): void {
    this.#state.requireSession()
    this.#state.edits.push({ type: 'unset', key })
  }

  flash(name: string, value: unknown): void {
    // A message is allowed after a logout, such as "You are signed out". It begins a new visitor's session.
    this.#state.requireNotClosed()
    requireMessageName(name)
    this.#state.edits.push({ type: 'flash', name, value: jsonCopy(value, name) })
  }

  async takeFlash(name: string): Promise<unknown> {
    requireMessageName(name)
    const messages = await this.takeMessages((other) => other === name)
    return messages?.[name]
  }

  async takeMessages(mayTake: MayTake): Promise<Messages | undefined> {
    await this.#state.load()
    const messages = await takeMessages(this.#state, mayTake)
    if (messages !== undefined) this.#tookMessages = true

    return messages
  }

  update(
    change: (sessionData: Data | undefined) => Data,
    options: { readonly ifVersion?: string } = {},
  ): Promise<Data> {
    const requestState = this.#state
    return requestState.runExclusive(async () => {
      requestState.requireOpen()
      const session = await requestState.load()
      const guard = this.#guardVersion(session, options.ifVersion)

      await requestState.write(true, (record) => {
        guard?.()
        const sessionData = requireObject<Data>(change(record?.data && jsonCopy(record.data, '')))
        const isSame =
          record?.data !== undefined && JSON.stringify(record.data) === JSON.stringify(sessionData)
        return isSame
          ? record
          : { ...(record ?? createBlankRecord<Data>(requestState.settings)), data: sessionData }
      })
      return jsonCopy(requestState.session?.record?.data as Data, '')
    })
  }

  #guardVersion(
    session: LoadResult<Data>,
    ifVersion: string | undefined,
  ): (() => void) | undefined {
    if (ifVersion === undefined) return undefined

    const { engine } = this.#state
    if (engine.guardVersion) return engine.guardVersion(session, ifVersion)

    const problem = 'is stateless: ifVersion needs stored sessions'
    throw new ConfigError([{ option: 'session', problem }])
  }

  start(sessionData: Data, options: StartOptions<Data> = {}): Promise<void> {
    const requestState = this.#state
    return requestState.runExclusive(async () => {
      requestState.requireNotClosed()
      const edits = [...requestState.edits]
      const login = createLogin(
        requestState.settings,
        requireObject<Data>(sessionData),
        options,
        edits,
      )
      const result = await requestState.engine.start(
        requestState.jar,
        await requestState.load(),
        login,
      )

      // The login has applied these edits. Messages that were added meanwhile belong to the new session.
      requestState.edits = requestState.edits.filter(
        (edit) => edit.type === 'flash' && !edits.includes(edit),
      )
      requestState.status = 'open'
      requestState.stage(result)
    })
  }

  end(): Promise<void> {
    const requestState = this.#state
    return requestState.runExclusive(async () => {
      requestState.requireNotClosed()
      const cookieIssued = requestState.immediate && requestState.cookies.length > 0
      const { failure, ...result } = await requestState.engine.end(
        requestState.jar,
        requestState.session,
        cookieIssued,
      )

      requestState.edits = []
      requestState.status = 'ended'
      requestState.stage(result)
      if (failure !== undefined) throw failure
    })
  }

  tags(): Promise<EventTags> {
    return readEventTags(this.#state)
  }

  device(): DeviceState | undefined {
    return this.#state.session?.device
  }

  facts(): SessionFacts | undefined {
    return readFacts(this.#state)
  }

  info(): Promise<SessionInfo | undefined> {
    return readInfo(this.#state)
  }

  commit(): Promise<void> {
    const requestState = this.#state
    return requestState.runExclusive(async () => {
      // After a logout only flash messages can be written.
      if (requestState.edits.length === 0) requestState.requireOpen()
      requestState.requireNotClosed()
      await requestState.write(true)
    })
  }

  async list(): Promise<SessionInfo[]> {
    const { engine, jar } = this.#state
    if (engine.list === undefined) throw createUnsupportedError('list')

    return engine.list(jar, await this.#state.load())
  }

  async endOne(id: string): Promise<boolean> {
    const { engine, jar } = this.#state
    if (engine.endOne === undefined) throw createUnsupportedError('endOne')

    if ((await this.info())?.id === id) {
      await this.end()
      return true
    }
    return engine.endOne(jar, await this.#state.load(), id)
  }

  async endAll({
    exceptCurrent = false,
  }: {
    readonly exceptCurrent?: boolean
  } = {}): Promise<void> {
    const requestState = this.#state
    const { engine } = requestState
    if (engine.endAll === undefined) throw createUnsupportedError('endAll')

    let failure: unknown
    try {
      const result = await engine.endAll(requestState.jar, await requestState.load(), exceptCurrent)
      if (result !== undefined) requestState.stage(result)
    } catch (error) {
      // As with a logout, the cookie expires even if the store is down.
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
    const requestState = this.#state
    if (requestState.status === 'closed') return response

    // Most requests write nothing, and need no promise to find that out.
    const mustWait = requestState.busy || (!failed && this.#needsWrite(response))
    return mustWait ? this.#writeAndClose(response, failed) : this.#close(response)
  }

  /**
   * Whether the flush must write. A 101 response carries no cookie, so recording its request can wait for the next one.
   */
  #needsWrite(response: Response): boolean {
    const { edits, session } = this.#state
    return edits.length > 0 || (session?.pendingWrite !== undefined && findStatus(response) !== 101)
  }

  async #writeAndClose(response: Response, failed: boolean): Promise<Response> {
    const requestState = this.#state
    if (requestState.busy) await requestState.waitForVerbs()
    if (!failed && requestState.status !== 'closed' && this.#needsWrite(response))
      await requestState.write(false)
    return this.#close(response)
  }

  #close(response: Response): Response {
    const { session, settings, jar } = this.#state
    // A 101 response carries no cookie. Cookies that come from the load, not from a write, can wait for the next
    // request.
    const mayWait = findStatus(response) === 101 && this.#state.cookies === session?.cookies
    const cookies = mayWait ? [] : this.#state.cookies
    const isPersonal = session?.record?.data !== undefined || this.#tookMessages
    const finalResponse = finishResponse(
      response,
      { cookies, wasRead: session !== undefined, isPersonal },
      (event) => emitSessionEvent(settings, jar, event),
    )
    this.#state.status = 'closed'
    return finalResponse
  }
}

/** Checks the name of a message. Untyped code may pass an object of messages instead of a name and a value. */
function requireMessageName(name: unknown): void {
  if (typeof name !== 'string' || name === '' || name === '__proto__')
    throw dataError('has a message whose name is empty, __proto__ or not a string')
}
