/**
 * Holds the state of one request's session: the loaded session, the edits that are not written yet, and the
 * cookies to send. `strategy.ts` creates it for each handle; `handle.ts`, `read-info.ts` and
 * `take-messages.ts` read and change it.
 *
 * A change throws `ERR_SESSION_CLOSED` after the flush, `ERR_SESSION_ENDED` after a logout or where another
 * request ended the session, and `ERR_SESSION_UNREADABLE` for a cookie that belongs to another
 * deployment. At the flush such edits are dropped instead, with the event `session-write-dropped`. A write
 * that fails keeps its edits.
 */
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine, WriteResult } from '../core/engine.ts'
import { createEndedError, createNotStartedError } from '../core/errors.ts'
import { emitSessionEvent, warnPlainHttp } from '../core/events.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import { acceptRecord, type Edit, replayEdits } from './edits.ts'

/** Computes the next record from the current one. It runs again after a conflict, so it must be pure. */
export type EditStep<Data> = (
  record: SessionRecord<Data> | undefined,
) => SessionRecord<Data> | undefined

/** The state of a request's session. The methods of the handle read and change it. */
export class RequestState<Data extends object> {
  readonly settings: SessionSettings<Data>
  readonly engine: SessionEngine<Data>
  readonly jar: CookieJar
  /** True if cookies are written as soon as a method resolves, not when the response is flushed. */
  readonly immediate: boolean
  status: 'open' | 'ended' | 'closed' = 'open'
  session: LoadResult<Data> | undefined
  edits: Edit[] = []
  cookies: readonly OutgoingCookie[] = []
  #loading: Promise<LoadResult<Data>> | undefined
  #prefetched: (() => Promise<LoadResult<Data>>) | undefined
  #lastVerb: Promise<unknown> | undefined

  constructor(
    settings: SessionSettings<Data>,
    engine: SessionEngine<Data>,
    cookieJar: CookieJar,
    immediate: boolean,
  ) {
    this.settings = settings
    this.engine = engine
    this.jar = cookieJar
    this.immediate = immediate
  }

  /** Loads the session, once for all callers. After a failure the next call tries again. */
  load(): Promise<LoadResult<Data>> {
    if (this.session !== undefined) return Promise.resolve(this.session)
    this.#loading ??= this.#read()
    return this.#loading
  }

  /** Starts the read in the request's Redis batch, where there is one; {@link load} finishes it. */
  async prefetch(): Promise<void> {
    if (this.session === undefined && this.#loading === undefined) {
      this.#prefetched = await this.engine.prefetch?.(this.jar)
    }
  }

  async #read(): Promise<LoadResult<Data>> {
    try {
      const finish = this.#prefetched
      this.#prefetched = undefined
      const session = await (finish?.() ?? this.engine.load(this.jar))

      // A method may have replaced the session meanwhile.
      if (this.session === undefined) {
        this.session = session
        // A Server Component of Next may read the session, but cannot set a cookie.
        if (session.cookies && !this.immediate) this.cookies = session.cookies
      }
      return this.session
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  /** Returns the session with the edits that are not written yet. Call {@link load} first. */
  view(): SessionRecord<Data> | undefined {
    const { record, block } = this.session ?? { record: undefined }
    return block || this.edits.length === 0
      ? record
      : replayEdits(this.settings, record, this.edits)
  }

  /**
   * Writes the pending edits, and then the record that `step` computes. If the write fails, the edits stay pending.
   *
   * @param explicit - true if a method requested the write. Then a session that cannot be written is an error;
   * otherwise its
   *   edits are dropped.
   */
  async write(explicit: boolean, step?: EditStep<Data>): Promise<void> {
    const session = this.session ?? (await this.load())
    const { edits, settings } = this
    const { block } = session

    if (block !== undefined) {
      if (explicit && (step !== undefined || edits.length > 0)) {
        throw block === 'ended' ? createEndedError() : createUnreadableError()
      }
      return this.#dropEdits(block)
    }

    this.edits = []
    try {
      const result = await this.engine.write(this.jar, session, (record) => {
        const current = replayEdits(settings, record, edits)
        const nextRecord = step === undefined ? current : step(current)
        const isUnchanged = nextRecord === record && session.pendingWrite === undefined
        if (nextRecord === undefined || isUnchanged) return undefined
        return acceptRecord(settings, record?.data, nextRecord, false)
      })
      if (result !== undefined) this.stage(result)
    } catch (error) {
      if (isPortcullisError(error, 'ERR_SESSION_ENDED')) {
        // Another request has logged out, so this one must neither restore the session nor set a cookie.
        this.session = { record: undefined, block: 'ended' }
      }
      this.edits = [...edits, ...this.edits]
      if (!explicit && this.session?.block === 'ended') return this.#dropEdits('ended')
      throw error
    }
  }

  #dropEdits(reason: string): void {
    if (this.edits.length > 0) {
      emitSessionEvent(this.settings, this.jar, { type: 'session-write-dropped', reason })
    }
    this.edits = []
  }

  /** Adopts the session and cookies that an engine wrote. */
  stage({ session, cookies }: WriteResult<Data>): void {
    this.session = session
    if (cookies === undefined) return

    this.cookies = cookies
    if (cookies.length > 0) warnPlainHttp(this.settings, this.jar)
    if (this.immediate) for (const cookie of cookies) this.jar.write(cookie)
  }

  /** Runs methods that write one after the other, even if a handler starts several in parallel. */
  runExclusive<T>(verb: () => Promise<T>): Promise<T> {
    const run = this.#lastVerb === undefined ? verb() : this.#lastVerb.then(verb)
    this.#lastVerb = run.catch(() => {})
    return run
  }

  /** True if a method that writes was started. */
  get busy(): boolean {
    return this.#lastVerb !== undefined
  }

  /** Resolves when every method that was started has settled. */
  async waitForVerbs(): Promise<void> {
    await this.#lastVerb
  }

  /** @throws {PortcullisError} `ERR_SESSION_ENDED`, `ERR_SESSION_CLOSED` */
  requireOpen(): void {
    if (this.status === 'ended') throw createEndedError()
    this.requireNotClosed()
  }

  /** @throws {PortcullisError} `ERR_SESSION_CLOSED` */
  requireNotClosed(): void {
    if (this.status === 'closed') {
      throw new PortcullisError(
        'ERR_SESSION_CLOSED',
        'The response has been sent, so the session can no longer change',
      )
    }
  }

  /** @throws {PortcullisError} `ERR_SESSION_NOT_STARTED` if it is already certain that there is no session to change */
  requireSession(): void {
    this.requireOpen()
    const { initial, cookie, legacy } = this.settings
    if (initial !== undefined) return

    const isAbsent =
      this.session === undefined
        ? [cookie, ...legacy].every(({ name }) => this.jar.read(name).length === 0)
        : this.session.block === undefined && this.view()?.data === undefined
    if (isAbsent) throw createNotStartedError()
  }
}

function createUnreadableError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_UNREADABLE',
    'The session has another secret, another schema or a later time than this deployment: only ' +
      'start() or end() may replace it',
  )
}
