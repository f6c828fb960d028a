/**
 * Reads what a request to the login page asks for, such as the provider and the page to return to.
 * `start.ts` calls it. Parameters of another form than the protocol's are left out.
 */
import { returnPath } from '../../request/index.ts'
import type { FlowContext } from '../context.ts'
import type { LoginSettings } from '../settings.ts'

/** The demands of the person, or of the rule that sent them, on this login. */
export interface LoginWish {
  readonly returnPath: string
  readonly prompt?: string
  readonly maxAge?: number
  readonly acr?: readonly string[]
  readonly loginHint?: string
  /** How often it was restarted by itself. */
  readonly restarts?: number
}

/** Characters of a page as JSON: what is longer makes a cookie that no browser keeps. */
const longestPage = 2100
const mostAcr = 8
const longestAcr = 256
const longestHint = 254

/** Reads the wish of a query. */
export function readWish(settings: LoginSettings, { url, origin }: FlowContext): LoginWish {
  const query = url.searchParams
  const prompt = query.get('prompt')
  const maxAge = query.get('max_age')
  const acr = query.get('acr')
  const loginHint = query.get('login_hint')
  // OpenID Connect Core section 4: a login that the provider, or a third party, asks for.
  const target = query.get('target_link_uri')
  const own = target?.startsWith(`${origin}/`) ? target.slice(origin.length) : target
  const isPrompt = prompt !== null && /^(?:none|login|select_account|consent)$/.test(prompt)
  const isAcr = acr !== null && acr.length <= longestAcr && /^[!-~]+(?: [!-~]+)*$/.test(acr)

  const page = returnPath(query.get('return_to') ?? own) ?? settings.afterLogin
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

/** The provider that a query names; the only one where there is one; otherwise undefined. */
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
