/** Legacy cookies sealed by iron: those of iron-session, Keystone's stateless sessions and hono-sessions' CookieStore. */
import { expireCookie } from '../../cookie/serialize.ts'
import { foreignCookieSettings } from '../../cookie/settings.ts'
import { type IronOptions, type OpenedIron, openIron } from '../../crypto/iron.ts'
import { openHonoSession, openIronSession } from '../../crypto/iron-dialects.ts'
import { validateIronPasswords } from '../../crypto/iron-passwords.ts'
import type { SealRejection } from '../../crypto/rejection.ts'
import { resolveFrom } from '../../options/from.ts'
import { createIssues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { choiceOption, optionalFunction } from '../../options/values.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { LegacyCookie, OpenedLegacy } from '../core/options.ts'
import { isObject } from '../core/record.ts'

/** Where to find an iron cookie and what to make of it. */
export interface IronCookieOptions<Data extends object, E = ProjectEnv> {
  /** Whose cookie it is; each library puts something of its own into or around the seal. */
  readonly library: 'iron-session' | 'keystone' | 'hono-sessions'
  /** The cookie's whole name, with a prefix if it has one: Keystone's is `keystonejs-session`. */
  readonly name: string
  /** The old password; for iron-session also its map from id to password. */
  readonly password: FromEnv<string | Readonly<Record<string, string>>, E>
  /** Makes session data of what was sealed, or undefined to refuse it. Default: as it is. */
  readonly data?: (sealed: Record<string, unknown>) => Data | undefined
  /** Path and Domain under which the old cookie was set, so that it can be removed. Default `/` and none. */
  readonly path?: string
  /** Domain attribute it was set with, so that it can be removed. Default none. */
  readonly domain?: string
  /** The old cookie was set without Secure and this site is still on plain http. Default false. */
  readonly insecurePlainHttp?: boolean
}

const OPTIONS = ['library', 'name', 'password', 'data', 'path', 'domain', 'insecurePlainHttp']
const LIBRARIES = ['iron-session', 'keystone', 'hono-sessions'] as const
type Passwords = string | Readonly<Record<string, string>>

/**
 * A legacy cookie that iron sealed (`Fe26.2`). It is opened once, becomes a session of ours, and is expired.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function ironCookie<Data extends object>(
  options: IronCookieOptions<Data>,
): LegacyCookie<Data> {
  const issues = createIssues('ironCookie')
  checkKeys(issues, options, OPTIONS)
  const { name, path, domain, insecurePlainHttp } = options
  if (options.library === undefined) issues.add('library', 'is required')
  const library = choiceOption(issues, 'library', options.library, LIBRARIES, 'keystone')
  const cookie = foreignCookieSettings(
    {
      name,
      ...(path !== undefined && { path }),
      ...(domain !== undefined && { domain }),
      ...(insecurePlainHttp !== undefined && { insecurePlainHttp }),
    },
    issues,
  )
  const toData = optionalFunction(issues, 'data', options.data)
  const passwords = resolveFrom(
    issues,
    'password',
    options.password as FromEnv<Passwords, never>,
    (value, at) => {
      validateIronPasswords(value, at)
      return value
    },
  )
  issues.throwIfAny()
  return {
    name: cookie.name,
    expire: expireCookie(cookie),
    async open(value, env, now): Promise<OpenedLegacy<Data> | undefined> {
      const opened = await openers[library](value, passwords(env), { clock: () => now })
      if ('refused' in opened) return undefined
      const sealed: unknown = JSON.parse(opened.json)
      if (!isObject(sealed)) return undefined
      const data =
        toData === undefined ? (sealed as Data) : toData(sealed as Record<string, unknown>)
      if (data === undefined) return undefined
      const { mac: mark, expiresAt } = opened
      return expiresAt === undefined ? { data, mark } : { data, mark, expiresAt }
    },
  }
}

type OpenIronCookie = (
  value: string,
  passwords: Passwords,
  options: IronOptions,
) => Promise<OpenedIron | SealRejection>

const openers: Readonly<Record<(typeof LIBRARIES)[number], OpenIronCookie>> = {
  keystone: openIron,
  'iron-session': openIronSession,
  'hono-sessions': (value, passwords, options) =>
    openHonoSession(
      value,
      typeof passwords === 'string' ? passwords : (passwords.default ?? ''),
      options,
    ),
}
