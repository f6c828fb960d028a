/** Stateless sessions: the sealed cookie is the session. */
import { expireCookie, serializeCookie } from '../../cookie/serialize.ts'
import { createIssues, type Issues } from '../../options/issues.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import { createInternals, sessionInternals } from '../core/internals.ts'
import { cookieAge } from '../core/lifetimes.ts'
import { type SessionRecord, writeRecord } from '../core/record.ts'
import { compileSessionSettings, type SessionSettings } from '../core/settings.ts'
import type { SessionObject, StatelessStrategy } from '../core/types.ts'
import { createStrategy } from '../handle/strategy.ts'
import { expireLegacy, importLegacy } from '../legacy/import.ts'
import { openCookie } from './load.ts'
import type { StatelessOptions } from './options.ts'
import type { Revocation, Revocations } from './revocable.ts'

/**
 * Sessions sealed into their cookie: no store, no request to anybody.
 *
 * What this cannot promise: `end` clears the cookie, but a copy of it opens until its own end, unless there is a
 * `revocation`; of two answers to one browser the later wins, so parallel writes may lose one another and a flash may show
 * twice. Stored sessions promise all of it.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function statelessSessions<Data extends SessionObject>(
  options: StatelessOptions<Data>,
): StatelessStrategy<Data> {
  const issues = createIssues('session')
  const settings = compileSessionSettings<Data>(
    options as StatelessOptions<Data, never>,
    issues,
    'stateless',
  )
  const revoked = startRevocation(options?.revocation, settings, issues.at('revocation'))
  issues.throwIfAny()
  const engine = createStatelessEngine(settings)
  const internals = createInternals(settings, options.audience)
  if (revoked === undefined) {
    const strategy = createStrategy('stateless', settings, engine)
    return { ...strategy, kind: 'stateless', [sessionInternals]: internals }
  }
  return {
    ...createStrategy('stateless', settings, revoked.engine(engine)),
    kind: 'stateless',
    endAll: ({ user, env }) => revoked.endAll(user, env),
    endMarked: (args) => revoked.endMarked(args),
    [sessionInternals]: internals,
  }
}

function startRevocation<Data extends object>(
  value: Revocation | undefined,
  settings: SessionSettings<Data>,
  issues: Issues,
): Revocations<Data> | undefined {
  if (value === undefined) return undefined
  if (typeof value?.start === 'function') return value.start(settings, issues)
  issues.add('', 'must be revocable({ ... }), which comes from portcullis/session')
  return undefined
}

function createStatelessEngine<Data extends object>(
  settings: SessionSettings<Data>,
): SessionEngine<Data> {
  const { cookie, limits, clock } = settings

  async function seal(
    jar: CookieJar,
    record: SessionRecord<Data>,
  ): Promise<readonly OutgoingCookie[]> {
    const token = await settings.keys(jar.env).sealer.seal(writeRecord(record))
    const now = Math.floor(clock() / 1000)
    const sealed = serializeCookie(cookie, token, cookieAge(record, limits, now))
    return settings.legacy.length === 0 ? [sealed] : [sealed, ...expireLegacy(settings, jar)]
  }

  return {
    consumes: false,

    load(jar): Promise<LoadResult<Data>> {
      const tokens = jar.read(cookie.name)
      if (tokens.length > 0) return openCookie(settings, jar, tokens)
      return settings.legacy.length === 0 ? Promise.resolve(NOTHING) : importLegacy(settings, jar)
    },

    async write(jar, loaded, change) {
      const changed = change(loaded.record)
      const next = changed instanceof Promise ? await changed : changed
      if (next === undefined) return undefined
      const record = { ...next, seen: Math.max(next.seen, Math.floor(clock() / 1000)) }
      const cookies = await seal(jar, record)
      const event = loaded.record === undefined ? 'session-created' : EVENTS[loaded.due ?? 'none']
      if (settings.emit && event)
        await emitAbout(settings, settings.keys(jar.env).ring, event, record.id)
      return { loaded: { record }, cookies }
    },

    async start(jar, loaded, make) {
      const record = await make(loaded.record)
      const cookies = await seal(jar, record)
      if (settings.emit) {
        const { ring } = settings.keys(jar.env)
        if (loaded.record)
          await emitAbout(settings, ring, 'session-ended', loaded.record.id, 'replaced')
        await emitAbout(settings, ring, 'session-created', record.id, 'started')
      }
      return { loaded: { record }, cookies }
    },

    async end(jar, loaded, issued) {
      const cookies = expireLegacy(settings, jar)
      // Only what the browser sent: otherwise a cross-site logout, which SameSite sends without cookies, would work.
      if (issued || jar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))
      if (settings.emit && loaded?.record) {
        await emitAbout(
          settings,
          settings.keys(jar.env).ring,
          'session-ended',
          loaded.record.id,
          'ended',
        )
      }
      return { loaded: NOTHING, cookies }
    },
  }
}

const EVENTS = { import: 'session-imported', slide: 'session-renewed', none: undefined } as const
const NOTHING: LoadResult<never> = Object.freeze({ record: undefined })
