/**
 * Validates single parts of a login's options: providers, attempts, paths, the origin, tokens and
 * revalidation. `settings.ts` calls each function while a login is built.
 *
 * Each wrong value is reported as an issue and replaced by a default, so that all issues are found
 * together; `settings.ts` must not use the result after an issue.
 */
import { checkKeys, type Issues, parseWholeNumber } from '../options/index.ts'
import { returnPath } from '../request/index.ts'
import type { SessionStrategy } from '../session/core/types.ts'
import type { Clock } from '../types.ts'
import { type AttemptSettings, attemptCookieLife } from './flow/attempts.ts'
import type { LoginOptions } from './options.ts'
import type { Provider } from './providers/provider-options.ts'
import { validateProvider } from './providers/validate-provider.ts'
import type { LoginSettings } from './settings.ts'

const mostProviders = 20
const providerName = /^[a-z][a-z0-9-]{0,31}$/

export function validateProviders(
  providers: LoginOptions<object>['providers'],
  mayBeEmpty: boolean,
  issues: Issues,
): Map<string, (env: unknown) => Provider> {
  const readProviders = new Map<string, (env: unknown) => Provider>()
  const entries = Object.entries(providers ?? {})
  const isMissing = entries.length === 0 && !mayBeEmpty
  if (isMissing || entries.length > mostProviders) {
    issues.add('', `must name between 1 and ${mostProviders} providers`)
  }
  for (const [name, provider] of entries) {
    if (!providerName.test(name)) {
      issues.add(
        name,
        'must have a name of at most 32 lower-case letters, digits and dashes, a letter first',
      )
    }
    readProviders.set(name, validateProvider(name, provider as never, issues.at(name)))
  }
  return readProviders
}

export function readLabels({ providers }: LoginOptions<object>): ReadonlyMap<string, string> {
  const entries = Object.entries(providers ?? {})
  return new Map(entries.map(([name, provider]) => [name, provider?.label ?? name]))
}

export function validateAttempts(
  { attempts, session }: LoginOptions<object>,
  clock: Clock,
  issues: Issues,
): AttemptSettings {
  if (attempts !== undefined) checkKeys(issues, attempts, ['most', 'life'])
  const { most, life } = attempts ?? {}
  return {
    most: parseWholeNumber(issues, 'most', most, { min: 1, max: 10, unit: 'attempts' }) ?? 5,
    life:
      parseWholeNumber(issues, 'life', life, {
        min: 60,
        max: attemptCookieLife,
        unit: 'seconds',
      }) ?? 3600,
    insecurePlainHttp: session?.cookieNames?.[0]?.startsWith('__') === false,
    clock,
  }
}

export function validatePath(
  given: unknown,
  defaultPath: string,
  option: string,
  issues: Issues,
): string {
  if (given === undefined) return defaultPath
  const path = typeof given === 'string' ? returnPath(given) : undefined
  const isPath = path !== undefined && (option !== 'base' || /^(?:\/[\w.~-]+)+$/.test(path))
  if (!isPath) issues.add(option, 'must be a path of this site, such as /welcome')
  return path ?? defaultPath
}

export function validateOrigin(given: unknown, issues: Issues): string | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'string' && URL.canParse(given) && new URL(given).origin === given)
    return given
  issues.add('publicOrigin', 'must be an origin, such as https://app.example.com')
  return undefined
}

export function canEndMarked(session: SessionStrategy<object>): boolean {
  return typeof (session as { endMarked?: unknown })?.endMarked === 'function'
}

/**
 * Validates the options `tokens` and `revalidate`. They need stored sessions: tabs would overwrite tokens in a cookie.
 */
export function validateTokens(
  { tokens, revalidate, session }: LoginOptions<object>,
  settings: Omit<LoginSettings, 'tokens' | 'revalidate'>,
  issues: Issues,
): Pick<LoginSettings, 'tokens' | 'revalidate'> {
  if (tokens !== undefined && typeof tokens?.createTokens !== 'function') {
    issues.add('tokens', 'must be the result of redisTokens(), memoryTokens() or keepTokens()')
    return { tokens: undefined, revalidate: undefined }
  }
  if (tokens !== undefined && session?.kind !== 'stored') {
    issues.add('tokens', 'needs storedSessions: tabs would overwrite tokens that are in a cookie')
  }
  if (revalidate !== undefined && tokens === undefined) {
    issues.add('revalidate', 'needs the option tokens of the login')
  }

  const bounds = { min: 60, max: 86_400, unit: 'seconds' }
  const seconds = parseWholeNumber(issues, 'revalidate', revalidate, bounds)
  const complete: LoginSettings = { ...settings, tokens: undefined, revalidate: seconds }
  return { tokens: tokens?.createTokens(complete), revalidate: seconds }
}
