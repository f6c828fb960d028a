/**
 * Holds the state of one request's session: the loaded session, the edits that wait, and the
 * cookies to send. The handle reads and changes it. A change throws `ERR_SESSION_CLOSED`,
 * `ERR_SESSION_ENDED` or `ERR_SESSION_UNREADABLE` where it could not be written.
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

/** The state of a request's session. Verbs of the handle read and change it. */
export class RequestState<Data extends object> {
  readonly settings: SessionSettings<Data>
  readonly engine: SessionEngine<Data>
  readonly jar: CookieJar
  /** True if cookies are written when a verb resolves, not when the response is flushed. */
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

  /** Reads the session once for all callers. A read that failed may be tried again. */
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

      // A verb may have replaced the session meanwhile.
      if (this.session === undefined) {
        this.session = session
        // A Server Component may read, and must not write a cookie by it.
        if (session.cookies && !this.immediate) this.cookies = session.cookies
      }
      return this.session
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  /** Returns the session with the edits that wait. Call {@link load} first. */
  view(): SessionRecord<Data> | undefined {
    const { record, block } = this.session ?? { record: undefined }
    return block || this.edits.length === 0
      ? record
      : replayEdits(this.settings, record, this.edits)
  }

  /**
   * Writes the edits that wait, and then the record that `step` computes. If the write fails, the edits wait again.
   *
   * @param explicit - true if a verb asked for the write: then an error says that nothing can be written.
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
        // Another request logged out: this one must neither bring the session back nor set a cookie.
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

  /** Runs verbs that write sequentially, also if a handler starts several in parallel. */
  runExclusive<T>(verb: () => Promise<T>): Promise<T> {
    const run = this.#lastVerb === undefined ? verb() : this.#lastVerb.then(verb)
    this.#lastVerb = run.catch(() => {})
    return run
  }

  /** True if a verb that writes was started. */
  get busy(): boolean {
    return this.#lastVerb !== undefined
  }

  /** Resolves when every verb that was started has settled. */
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
        'The response has been sent: the session can no longer change',
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
    'The session belongs to a key, a schema or a later time that this deployment does not have; only start() or end() may ' +
      'replace it',
  )
}
