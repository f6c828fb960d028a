/**
 * Reads legacy cookies that iron sealed (`Fe26.2`): those of iron-session, of Keystone's stateless sessions and
 * of hono-sessions' CookieStore. Applications pass `ironCookie()` to the option `legacy` of sessions, and
 * `legacy/import.ts` calls `open` for each such cookie.
 *
 * Wrong options throw `ERR_CONFIG`; a wrong password in the environment throws it at the first request. A
 * cookie that does not open, whose content is not an object, or for which the option `data` throws, gives
 * undefined.
 */
import { expireCookie } from '../../cookie/serialize.ts'
import {
  type CookieSettings,
  type ForeignCookie,
  foreignCookieSettings,
} from '../../cookie/settings.ts'
import { type IronOptions, type OpenedIron, openIron } from '../../crypto/iron.ts'
import { openHonoSession, openIronSession } from '../../crypto/iron-dialects.ts'
import { validateIronPasswords } from '../../crypto/iron-passwords.ts'
import type { SealRejection } from '../../crypto/rejection.ts'
import { resolveFrom } from '../../options/from.ts'
import { isObject } from '../../options/is-object.ts'
import { createIssues, type Issues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { optionalFunction, parseChoice } from '../../options/values.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { LegacyCookie, OpenedLegacy } from '../core/options/options.ts'

/** Options of {@link ironCookie}. */
export interface IronCookieOptions<Data extends object, E = ProjectEnv> {
  /** The library that set the cookie, since each wraps the sealed data differently. */
  readonly library: 'iron-session' | 'keystone' | 'hono-sessions'
  /** The cookie's whole name, with a prefix if it has one: Keystone's is `keystonejs-session`. */
  readonly name: string
  /** The old password. For iron-session it may be its map from id to password. */
  readonly password: FromEnv<string | Readonly<Record<string, string>>, E>
  /**
   * Converts the sealed object to session data, or returns undefined to reject it. A cookie for which
   * it throws is rejected.
   *
   * @default (sealed) => sealed
   */
  readonly data?: (sealed: Record<string, unknown>) => Data | undefined
  /**
   * Path attribute with which the old cookie was set, so that it can be removed.
   *
   * @default '/'
   */
  readonly path?: string
  /**
   * Domain attribute with which the old cookie was set, so that it can be removed.
   *
   * @default undefined (no Domain)
   */
  readonly domain?: string
  /**
   * True if the old cookie was set without Secure and this site is still on plain http.
   *
   * @default false
   */
  readonly insecurePlainHttp?: boolean
}

const OPTIONS = ['library', 'name', 'password', 'data', 'path', 'domain', 'insecurePlainHttp']
const LIBRARIES = ['iron-session', 'keystone', 'hono-sessions'] as const
type Passwords = string | Readonly<Record<string, string>>

type OpenIronCookie = (
  value: string,
  passwords: Passwords,
  options: IronOptions,
) => Promise<OpenedIron | SealRejection>

const OPENERS: Readonly<Record<(typeof LIBRARIES)[number], OpenIronCookie>> = {
  keystone: openIron,
  'iron-session': openIronSession,
  'hono-sessions': (value, passwords, options) =>
    openHonoSession(
      value,
      typeof passwords === 'string' ? passwords : (passwords.default ?? ''),
      options,
    ),
}

/**
 * Reads a legacy cookie that iron sealed (`Fe26.2`). The cookie is opened once, becomes a session of ours, and expires.
 *
 * @example
 * ```ts
 * const sessions = statelessSessions({
 *   secret: (c) => c.env.SESSION_SECRET,
 *   legacy: [
 *     ironCookie({
 *       library: 'keystone',
 *       name: 'keystonejs-session',
 *       password: (c) => c.env.KEYSTONE_SECRET,
 *     }),
 *   ],
 * })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function ironCookie<Data extends object>(
  options: IronCookieOptions<Data>,
): LegacyCookie<Data> {
  const issues = createIssues('ironCookie')
  checkKeys(issues, options, OPTIONS)
  if (options.library === undefined) issues.add('library', 'is required')

  const library = parseChoice(issues, 'library', options.library, LIBRARIES) ?? 'keystone'
  const cookie = compileCookie(options, issues)
  const toData = optionalFunction(issues, 'data', options.data)
  const passwords = resolveFrom(
    issues,
    'password',
    options.password as FromEnv<Passwords, never>,
    (value, valueIssues) => {
      validateIronPasswords(value, valueIssues)
      return value
    },
  )
  issues.throwIfAny()

  return {
    name: cookie.name,
    expire: expireCookie(cookie),
    async open(value, env, nowMs): Promise<OpenedLegacy<Data> | undefined> {
      const result = await OPENERS[library](value, passwords(env), { clock: () => nowMs })
      if ('refused' in result) return undefined

      const content: unknown = JSON.parse(result.json)
      if (!isObject(content)) return undefined

      const sessionData = toData === undefined ? (content as Data) : convert(toData, content)
      if (sessionData === undefined) return undefined

      const { mac: mark, expiresAt } = result
      return expiresAt === undefined
        ? { data: sessionData, mark }
        : { data: sessionData, mark, expiresAt }
    },
  }
}

/** Calls the option `data`. Where it throws, the cookie is rejected: an old cookie must not fail every request of its browser. */
function convert<Data>(
  toData: (sealed: Record<string, unknown>) => Data | undefined,
  content: object,
): Data | undefined {
  try {
    return toData(content as Record<string, unknown>)
  } catch {
    return undefined
  }
}

function compileCookie(
  { name, path, domain, insecurePlainHttp }: ForeignCookie,
  issues: Issues,
): CookieSettings {
  const cookie = {
    name,
    ...(path !== undefined && { path }),
    ...(domain !== undefined && { domain }),
    ...(insecurePlainHttp !== undefined && { insecurePlainHttp }),
  }
  return foreignCookieSettings(cookie, issues)
}
