/**
 * Reads the query of `GET <base>/login`: the page to return to, the provider, and the demands on the
 * login (`prompt`, `max_age`, `acr`, `login_hint`). `start.ts` calls it.
 *
 * A parameter that is malformed or too long is silently left out, and a `return_to` that is not a path
 * of this site is replaced by the option `afterLogin`. An unknown provider counts as none, so
 * the user gets the page that lists the providers. `readProviderName` throws `ERR_CONFIG` where a value of
 * the environment is wrong.
 */
import { returnPath } from '../../request/index.ts'
import type { FlowContext } from '../context.ts'
import type { LoginSettings } from '../settings.ts'

/** The demands on a login: of the user, or of the access rule that sent the user here. */
export interface LoginWish {
  readonly returnPath: string
  readonly prompt?: string
  readonly maxAge?: number
  readonly acr?: readonly string[]
  readonly loginHint?: string
  /** How often the login was restarted because an attempt had expired. */
  readonly restarts?: number
}

/**
 * Most characters of a return path as JSON: the cookie of an attempt with a longer one would exceed browsers' limits.
 */
const longestPage = 2100
const mostAcr = 8
const longestAcr = 256
const longestHint = 254

/** Reads the demands in a query. */
export function readWish(settings: LoginSettings, { url, origin }: FlowContext): LoginWish {
  const query = url.searchParams
  const prompt = query.get('prompt')
  const maxAge = query.get('max_age')
  const acr = query.get('acr')
  const loginHint = query.get('login_hint')
  // OpenID Connect Core section 4: the provider, or a third party, may start a login and name a page.
  const target = query.get('target_link_uri')
  const targetPath = target?.startsWith(`${origin}/`) ? target.slice(origin.length) : target
  const isPrompt = prompt !== null && /^(?:none|login|select_account|consent)$/.test(prompt)
  const isAcr = acr !== null && acr.length <= longestAcr && /^[!-~]+(?: [!-~]+)*$/.test(acr)

  const page = returnPath(query.get('return_to') ?? targetPath) ?? settings.afterLogin
  const isLong = JSON.stringify(page).length > longestPage

  return {
    returnPath: isLong ? settings.afterLogin : page,
    ...(isPrompt && { prompt }),
    ...(maxAge !== null && /^\d{1,8}$/.test(maxAge) && { maxAge: Number(maxAge) }),
    ...(isAcr && { acr: acr.split(' ').slice(0, mostAcr) }),
    ...(loginHint !== null && isHint(loginHint) && { loginHint }),
  }
}

function isHint(text: string): boolean {
  return text !== '' && text.length <= longestHint && !/\p{Cc}/u.test(text)
}

/** Finds the provider that a query names; if it names none, the only provider, or undefined where there are several. */
export function readProviderName(
  settings: LoginSettings,
  { url, env }: FlowContext,
): string | undefined {
  const { providerNames } = settings
  const requestedName = url.searchParams.get('provider')
  if (requestedName !== null && providerNames.includes(requestedName)) return requestedName
  const issuer = url.searchParams.get('iss')
  if (issuer !== null) {
    const issuerName = providerNames.find(
      (name) => settings.readProvider(name, env).issuer === issuer,
    )
    if (issuerName !== undefined) return issuerName
  }

  return providerNames.length === 1 ? providerNames[0] : undefined
}
