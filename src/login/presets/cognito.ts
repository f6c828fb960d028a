/**
 * Creates the provider options of an Amazon Cognito user pool. Applications call `cognito()` and
 * pass the result to the option `providers` of a login, which validates it and reports wrong options
 * as `ERR_CONFIG`; the logout calls the `logoutUrl` in it.
 *
 * It sends nothing and validates nothing: a wrong `region` or `userPool` gives an issuer whose
 * metadata cannot be fetched, and a wrong `domain` breaks only the logout.
 */
import type { ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link cognito}. */
export interface CognitoOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Region of the user pool, such as `eu-central-1`. */
  readonly region: string
  /** Identifier of the user pool, such as `eu-central-1_Ab12Cd34E`. */
  readonly userPool: string
  /** Host of the pool's pages, such as `acme.auth.eu-central-1.amazoncognito.com`; the logout page is there. */
  readonly domain: string
}

/**
 * Signs people in with Amazon Cognito. `roles('cognito:groups', …)` reads groups. Cognito's logout page has parameters
 * of its own, which this preset sets. Cognito sends no logout tokens.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
 * @example
 * login({ session, providers: { acme: cognito({ region, userPool, domain, clientId, clientSecret }) } })
 */
export function cognito<E = ProjectEnv>(options: CognitoOptions<E>): ProviderOptions<E> {
  const { region, userPool, domain, ...rest } = options

  return withoutUndefined({
    label: 'Amazon Cognito',
    ...rest,
    issuer: `https://cognito-idp.${region}.amazonaws.com/${userPool}`,
    logoutUrl: ({ clientId, returnTo }: { clientId: string; returnTo: string }) =>
      `https://${domain}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: returnTo })}`,
  }) as ProviderOptions<E>
}
