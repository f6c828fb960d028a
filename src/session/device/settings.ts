/**
 * Validates the options of device-bound sessions, and compiles them together with the settings of the session's
 * cookie. `device-bound.ts` calls it while a strategy is built; the engine and the endpoints use the
 * result. Wrong options are reported as issues of the strategy and replaced by defaults.
 */
import type { CookieSettings } from '../../cookie/settings.ts'
import { isObject } from '../../options/is-object.ts'
import type { Issues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { parseWholeNumber } from '../../options/values.ts'

/** Options of {@link deviceBound}. Absent = default. */
export interface DeviceOptions {
  /**
   * Seconds for which the bound cookie lasts, and so for which a copy of all cookies can be used
   * elsewhere. Default 600, from 300 to 86,400. Chromium signs at most six times in nine minutes for
   * one site, and a new login needs two signatures.
   */
  readonly lifetime?: number
  /** Seconds after `start` in which a browser may offer its key. Default 300, from 30 to 3,600. */
  readonly register?: number
  /**
   * Host names of the same site whose pages may cause a refresh when they send requests to this
   * host: `['shop.example.com']` or `['*.example.com']`. Default none: their requests arrive
   * without the bound cookie after it has expired.
   */
  readonly initiators?: readonly string[]
  /**
   * Paths whose requests never wait for a refresh, each with all paths below it: `['/static']`.
   * Default none.
   */
  readonly exclude?: readonly string[]
  /**
   * Binds the sessions of a whole site instead of one origin. Needs the option `domain` of the
   * session. Default none.
   */
  readonly site?: DeviceSite
}

/** A site whose hosts share one session. */
export interface DeviceSite {
  /**
   * The origin of the registrable domain: `https://example.com`. Browsers fetch
   * `/.well-known/device-bound-sessions` from it; a host with these sessions serves that file.
   */
  readonly origin: string
  /** The origins at which people sign in: `['https://app.example.com']`. */
  readonly registering: readonly string[]
}

/** The validated options. */
export interface DeviceSettings {
  /** Seconds. */
  readonly lifetime: number
  /** Seconds. */
  readonly register: number
  readonly initiators: readonly string[]
  readonly exclude: readonly string[]
  readonly site: DeviceSite | undefined
  /** The bound cookie. Its name is that of the session's cookie with `-bound`, and its attributes are the same. */
  readonly cookie: CookieSettings
}

const hostName = /^(?:\*\.)?[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/
const path = /^\/[\w./~%-]{0,255}$/
const mostEntries = 100

/** Validates the options together with the session's cookie. Problems become issues. */
export function compileDevice(
  options: DeviceOptions,
  session: CookieSettings,
  issues: Issues,
): DeviceSettings {
  checkKeys(issues, options, ['lifetime', 'register', 'initiators', 'exclude', 'site'])
  const values: DeviceOptions = isObject(options) ? options : {}
  const { attributes } = session
  // Browsers silently ignore both, and the server would never find out.
  if (attributes.path !== '/') issues.add('', 'needs a session cookie with the path /')
  if (attributes.partitioned) issues.add('', 'does not work with partitioned cookies')

  return {
    lifetime:
      parseWholeNumber(issues, 'lifetime', values.lifetime, {
        min: 300,
        max: 86_400,
        unit: 'seconds',
      }) ?? 600,
    register:
      parseWholeNumber(issues, 'register', values.register, {
        min: 30,
        max: 3600,
        unit: 'seconds',
      }) ?? 300,
    initiators: parseList(values.initiators, hostName, issues.at('initiators'), initiatorProblem),
    exclude: parseList(
      values.exclude,
      path,
      issues.at('exclude'),
      'must be a path such as /static',
    ),
    site: parseSite(values.site, attributes.domain, issues.at('site')),
    cookie: { ...session, name: `${session.name}-bound`, bare: `${session.bare}-bound` },
  }
}

const initiatorProblem =
  'must be a host name such as shop.example.com or *.example.com; * alone would let every site start a refresh'

function parseList(
  value: unknown,
  pattern: RegExp,
  issues: Issues,
  problem: string,
): readonly string[] {
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  if (list.length > mostEntries) issues.add('', `must have at most ${mostEntries} entries`)
  for (const [index, entry] of list.entries())
    if (typeof entry !== 'string' || !pattern.test(entry)) issues.add(`${index}`, problem)
  return list as readonly string[]
}

function parseSite(
  value: DeviceSite | undefined,
  domain: string | undefined,
  issues: Issues,
): DeviceSite | undefined {
  if (value === undefined) return undefined
  checkKeys(issues, value, ['origin', 'registering'])
  const { origin, registering } = (isObject(value) ? value : {}) as Partial<DeviceSite>
  if (domain === undefined) issues.add('', 'needs the option domain of the session')
  if (!isHttpsOrigin(origin) || (domain !== undefined && new URL(origin).hostname !== domain))
    issues.add('origin', 'must be the https origin of the domain, such as https://example.com')
  const list: readonly unknown[] = Array.isArray(registering) ? registering : []
  const isOfSite = (entry: unknown): boolean => {
    if (!isHttpsOrigin(entry)) return false

    const { hostname } = new URL(entry)
    return domain === undefined || hostname === domain || hostname.endsWith(`.${domain}`)
  }
  if (list.length === 0 || list.length > mostEntries || !list.every(isOfSite))
    issues.add(
      'registering',
      'must be a list of https origins of the domain such as https://app.example.com',
    )
  return value
}

function isHttpsOrigin(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.startsWith('https://') &&
    URL.canParse(value) &&
    new URL(value).origin === value
  )
}
