/**
 * Creates the provider options of Microsoft Entra ID, for one tenant or a list of tenants.
 * Applications call `entra()` and pass the result to the option `providers` of a login, which
 * validates it and reports wrong options as `ERR_CONFIG`.
 *
 * It sends nothing. Without `tenant` and `tenants` the list of tenants is empty, which the login
 * rejects, so that no configuration admits every tenant. A token without `tid` and `oid` gives no
 * subject, and its login fails.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link entra}. */
export interface EntraOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** The identifier of one tenant. */
  readonly tenant?: FromEnv<string, E>
  /** Identifiers of several tenants, instead of `tenant`. No option admits every tenant. */
  readonly tenants?: readonly string[]
}

const authority = 'https://login.microsoftonline.com'

/**
 * Signs people in with Microsoft Entra ID. A person is identified by tenant and object id, never by e-mail address,
 * which administrators of any tenant can set. Prefer app roles (`roles('roles', …)`): Entra omits more than 200 groups
 * from a token.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * @example
 * login({ session, providers: { entra: entra({ tenant, clientId, clientSecret }) } })
 */
export function entra<E = ProjectEnv>(options: EntraOptions<E>): ProviderOptions<E> {
  const { tenant, tenants, ...rest } = options
  const issuer =
    tenant === undefined
      ? `${authority}/{tenantid}/v2.0`
      : mapFromEnv(tenant, (id) => `${authority}/${id}/v2.0`)
  const hasSeveralTenants = tenant === undefined

  return withoutUndefined({
    label: 'Microsoft',
    ...rest,
    issuer,
    tenants: hasSeveralTenants ? (tenants ?? []) : undefined,
    metadataUrl: hasSeveralTenants
      ? `${authority}/organizations/v2.0/.well-known/openid-configuration`
      : undefined,
    subject: readSubject,
    mapClaims,
  }) as ProviderOptions<E>
}

/** Reads tenant and object id: `sub` differs for each application, an object id identifies a person in one tenant. */
function readSubject({ tid, oid }: Claims): string {
  return typeof tid === 'string' && typeof oid === 'string' ? `${tid}.${oid}` : ''
}

/** Sets `email_verified` by the optional claim `xms_edov`: whether the tenant owns the domain of the e-mail address. */
function mapClaims(claims: Claims): Claims {
  const isOwned = [true, 1, '1', 'true'].includes(claims.xms_edov as never)
  return { ...claims, email_verified: isOwned }
}
