/** What one request knows of its session: what was loaded, what waits to be written, what must go out. */
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine, WriteResult } from '../core/engine.ts'
import { createEndedError, createNotStartedError } from '../core/errors.ts'
import { warnPlainHttp } from '../core/events.ts'
import type { SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { acceptRecord, type Edit, replayEdits } from './edits.ts'

/** Makes the next record of one; must be pure, since a store may ask again. */
export type EditStep<Data> = (
  record: SessionRecord<Data> | undefined,
) => SessionRecord<Data> | undefined

export class RequestState<Data extends object> {
  readonly settings: SessionSettings<Data>
  readonly engine: SessionEngine<Data>
  readonly jar: CookieJar
  /** Cookies are written when a verb resolves, not at the flush. */
  readonly atOnce: boolean
  status: 'open' | 'ended' | 'closed' = 'open'
  loaded: LoadResult<Data> | undefined
  edits: Edit[] = []
  cookies: readonly OutgoingCookie[] = []
  #loading: Promise<LoadResult<Data>> | undefined
  #soon: (() => Promise<LoadResult<Data>>) | undefined
  #turn: Promise<unknown> | undefined

  constructor(
    settings: SessionSettings<Data>,
    engine: SessionEngine<Data>,
    jar: CookieJar,
    atOnce: boolean,
  ) {
    this.settings = settings
    this.engine = engine
    this.jar = jar
    this.atOnce = atOnce
  }

  /** Reads the session once, however many ask; a read that failed may be tried again. */
  load(): Promise<LoadResult<Data>> {
    if (this.loaded !== undefined) return Promise.resolve(this.loaded)
    this.#loading ??= this.#read()
    return this.#loading
  }

  /** Begins the read where it can travel with what else the request asks; {@link load} finishes it. */
  async prefetch(): Promise<void> {
    if (this.loaded === undefined && this.#loading === undefined)
      this.#soon = await this.engine.loadSoon?.(this.jar)
  }

  async #read(): Promise<LoadResult<Data>> {
    try {
      const soon = this.#soon
      this.#soon = undefined
      const loaded = await (soon?.() ?? this.engine.load(this.jar))
      this.loaded ??= loaded
      return this.loaded
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  /** The session with what waits to be written; only after {@link load}. */
  view(): SessionRecord<Data> | undefined {
    const { record, block } = this.loaded ?? { record: undefined }
    return block || this.edits.length === 0
      ? record
      : replayEdits(this.settings, record, this.edits)
  }

  /**
   * Writes what waits, and then what `more` makes of it. What waited comes back when the write fails.
   *
   * @param explicit - somebody called a verb for it and must hear that nothing can be written.
   */
  async write(explicit: boolean, more?: EditStep<Data>): Promise<void> {
    const loaded = this.loaded ?? (await this.load())
    const { edits, settings } = this
    const { block } = loaded
    if (block !== undefined) {
      if (explicit && (more !== undefined || edits.length > 0))
        throw block === 'ended' ? createEndedError() : createUnreadableError()
      return this.#drop(block)
    }
    this.edits = []
    try {
      const written = await this.engine.write(this.jar, loaded, (record) => {
        const replayed = replayEdits(settings, record, edits)
        const next = more === undefined ? replayed : more(replayed)
        if (next === undefined || (next === record && loaded.due === undefined)) return undefined
        return acceptRecord(settings, record?.data, next, false)
      })
      if (written !== undefined) this.stage(written)
    } catch (error) {
      if (isPortcullisError(error, 'ERR_SESSION_ENDED')) {
        // Somebody logged out while this request ran: it must not bring the session back, nor set a cookie.
        this.loaded = { record: undefined, block: 'ended' }
      }
      this.edits = [...edits, ...this.edits]
      if (!explicit && this.loaded?.block === 'ended') return this.#drop('ended')
      throw error
    }
  }

  #drop(reason: string): void {
    if (this.edits.length > 0) this.settings.emit?.({ type: 'session-write-dropped', reason })
    this.edits = []
  }

  /** Takes over what an engine wrote. */
  stage({ loaded, cookies }: WriteResult<Data>): void {
    this.loaded = loaded
    if (cookies === undefined) return
    this.cookies = cookies
    if (cookies.length > 0) warnPlainHttp(this.settings, this.jar)
    if (this.atOnce) for (const cookie of cookies) this.jar.write(cookie)
  }

  /** Runs verbs that write one after the other, also when a handler starts several at once. */
  runExclusive<T>(verb: () => Promise<T>): Promise<T> {
    const run = this.#turn === undefined ? verb() : this.#turn.then(verb)
    this.#turn = run.catch(() => {})
    return run
  }

  /** Whether a verb that writes was started. */
  get busy(): boolean {
    return this.#turn !== undefined
  }

  /** Resolves when every verb that was started has settled. */
  async waitForVerbs(): Promise<void> {
    await this.#turn
  }

  /** @throws {PortcullisError} `ERR_SESSION_ENDED`, `ERR_SESSION_CLOSED` */
  mustBeOpen(): void {
    if (this.status === 'ended') throw createEndedError()
    this.mustNotBeClosed()
  }

  /** @throws {PortcullisError} `ERR_SESSION_CLOSED` */
  mustNotBeClosed(): void {
    if (this.status === 'closed') {
      throw new PortcullisError(
        'ERR_SESSION_CLOSED',
        'The answer is on its way: the session can no longer change',
      )
    }
  }

  /** @throws {PortcullisError} `ERR_SESSION_NOT_STARTED` where it is already certain that there is nothing to change */
  mustHaveSession(): void {
    this.mustBeOpen()
    const { initial, cookie, legacy } = this.settings
    if (initial !== undefined) return
    const certain =
      this.loaded === undefined
        ? [cookie, ...legacy].every(({ name }) => this.jar.read(name).length === 0)
        : this.loaded.block === undefined && this.view()?.data === undefined
    if (certain) throw createNotStartedError()
  }
}

function createUnreadableError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_UNREADABLE',
    'The session belongs to a key, a schema or a later time that this deployment does not have; only start() or end() may ' +
      'replace it',
  )
}
