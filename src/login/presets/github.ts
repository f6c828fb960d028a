/**
 * Creates the provider options of GitHub, which speaks OAuth 2.0 and not OpenID Connect. Applications
 * call `github()` and pass the result to the option `providers` of a login; the callback and the
 * revalidation of a session then read the person from GitHub's API with the functions in it.
 *
 * Reading throws a `LoginError`: `provider-unreachable` where the API answers 429 or 5xx or not at
 * all, `provider-error` for any other status but 200, such as 403 without the needed scope, and
 * `provider-malformed` for a user without a number. Only the first 100 organizations and teams are
 * read. A person without a verified primary e-mail address signs in without one.
 */
import { encodeBase64url } from '../../crypto/index.ts'
import type { ProjectEnv } from '../../types.ts'
import type { OAuthRequest, ProviderOptions } from '../providers/provider-options.ts'
import { type Claims, isObject, LoginError } from '../types.ts'
import { acceptBoth, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link github}. */
export interface GithubOptions<E = ProjectEnv> extends Omit<PresetOptions<E>, 'userinfo' | 'auth'> {
  /**
   * True reads the login names of a person's organizations into the claim `organizations`; a list also admits
   * only members of one of the listed organizations. Adds the scope `read:org`. Default false.
   */
  readonly organizations?: boolean | readonly string[]
  /** Reads teams into the claim `teams`, as `acme/admins`. Adds the scope `read:org`. Default false. */
  readonly teams?: boolean
}

const site = 'https://github.com'
const api = 'https://api.github.com'

/**
 * Signs people in with GitHub. A person is identified by the number of the account, never by its login name, which can
 * be changed and then registered by somebody else. `email` is the verified primary address. GitHub does not tell when a
 * person authenticated, so such a session is never `fresh`.
 *
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * @example
 * login({ session, providers: { github: github({ clientId, clientSecret, organizations: ['acme'] }) } })
 */
export function github<E = ProjectEnv>(options: GithubOptions<E>): ProviderOptions<E> {
  const { organizations = false, teams = false, accept, ...rest } = options
  const isMember =
    typeof organizations === 'boolean'
      ? undefined
      : (claims: Claims) => {
          const memberships = claims.organizations as readonly string[]
          return organizations.some((name) => memberships.includes(name))
        }
  const needsOrganizations = organizations !== false || teams

  return withoutUndefined({
    label: 'GitHub',
    scope: `read:user user:email${needsOrganizations ? ' read:org' : ''}`,
    ...rest,
    issuer: site,
    auth: 'client_secret_post',
    accept: acceptBoth(isMember, accept),
    oauth: {
      metadata: {
        issuer: site,
        authorization_endpoint: `${site}/login/oauth/authorize`,
        token_endpoint: `${site}/login/oauth/access_token`,
      },
      readClaims: (request: OAuthRequest) =>
        readClaims(request, { organizations: organizations !== false, teams }),
      revoke,
      repairTokenResponse,
    },
  }) as ProviderOptions<E>
}

async function readClaims(
  request: OAuthRequest,
  { organizations, teams }: { readonly organizations: boolean; readonly teams: boolean },
): Promise<Claims> {
  const user = await read(request, '/user')
  if (!isObject(user) || !Number.isSafeInteger(user.id)) {
    throw new LoginError('provider-malformed', 'user')
  }
  const email = findPrimary(await read(request, '/user/emails'))
  const { login, name, avatar_url: picture, html_url: profile } = user
  return {
    sub: `${user.id}`,
    preferred_username: login,
    name: name ?? login,
    picture,
    profile,
    ...(email !== undefined && { email, email_verified: true }),
    ...(organizations && {
      organizations: readNames(
        await read(request, '/user/orgs?per_page=100'),
        (entry) => entry.login,
      ),
    }),
    ...(teams && {
      teams: readNames(await read(request, '/user/teams?per_page=100'), (team) =>
        isObject(team.organization) ? `${team.organization.login}/${team.slug}` : undefined,
      ),
    }),
  }
}

async function read({ accessToken, send }: OAuthRequest, path: string): Promise<unknown> {
  const response = await send(`${api}${path}`, {
    headers: { authorization: `Bearer ${accessToken}`, ...apiHeaders },
  })
  if (response.status >= 500 || response.status === 429) {
    throw new LoginError('provider-unreachable', `status ${response.status}`)
  }
  if (response.status !== 200) throw new LoginError('provider-error', `status ${response.status}`)
  return response.json().catch(() => undefined)
}

/** The API of GitHub rejects requests without a `User-Agent`. */
const apiHeaders = {
  accept: 'application/vnd.github+json',
  'user-agent': 'portcullis',
  'x-github-api-version': '2022-11-28',
}

function findPrimary(emails: unknown): string | undefined {
  const list: unknown[] = Array.isArray(emails) ? emails : []
  const primary = list.find(
    (entry) => isObject(entry) && entry.primary === true && entry.verified === true,
  )
  return isObject(primary) && typeof primary.email === 'string' ? primary.email : undefined
}

function readNames(
  list: unknown,
  readName: (entry: Record<string, unknown>) => unknown,
): readonly string[] {
  const entries: unknown[] = Array.isArray(list) ? list : []
  const names = entries.map((entry) => (isObject(entry) ? readName(entry) : undefined))
  return names.filter((name) => typeof name === 'string')
}

const oauthErrors: Readonly<Record<string, string>> = {
  bad_verification_code: 'invalid_grant',
  bad_refresh_token: 'invalid_grant',
  incorrect_client_credentials: 'invalid_client',
}

/**
 * Turns GitHub's error responses into OAuth errors: GitHub answers 200 to a code that it rejects, with an error of its
 * own.
 *
 * @see
 * https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 */
async function repairTokenResponse(response: Response): Promise<Response> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  if (response.status !== 200 || !isObject(body) || typeof body.error !== 'string') return response
  const error = Object.hasOwn(oauthErrors, body.error) ? oauthErrors[body.error] : 'invalid_request'
  return Response.json({ error }, { status: 400 })
}

/** @see https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token */
async function revoke({ accessToken, clientId, clientSecret, send }: OAuthRequest): Promise<void> {
  const response = await send(`${api}/applications/${encodeURIComponent(clientId)}/token`, {
    method: 'DELETE',
    headers: {
      authorization: `Basic ${encodeBase64(`${clientId}:${clientSecret}`)}`,
      ...apiHeaders,
    },
    body: JSON.stringify({ access_token: accessToken }),
  })
  if (response.status !== 204) throw new LoginError('provider-error', `status ${response.status}`)
}

/** Encodes base64 with the alphabet and the padding of RFC 4648 section 4, which Basic authentication requires. */
function encodeBase64(text: string): string {
  const base64url = encodeBase64url(new TextEncoder().encode(text))
  const base64 = base64url.padEnd(Math.ceil(base64url.length / 4) * 4, '=')
  return base64.replaceAll('-', '+').replaceAll('_', '/')
}
