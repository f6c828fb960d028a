/**
 * Options of Microsoft Entra ID as a provider, for one tenant or a list of them. Applications pass
 * the result to `providers`. Nothing is sent here; invalid options are a `ConfigError` of the
 * login.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link entra}. */
export interface EntraOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** The identifier of one tenant. */
  readonly tenant?: FromEnv<string, E>
  /** Identifiers of several tenants, in place of `tenant`. There is no way to admit every tenant. */
  readonly tenants?: readonly string[]
}

const authority = 'https://login.microsoftonline.com'

/**
 * Signs people in with Microsoft Entra ID. A person is known by tenant and object id, never by an
 * e-mail, which administrators of any tenant can set. Map app roles (`roles('roles', …)`): more than 200
 * groups are left out of a token.
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
  const several = tenant === undefined
  return withoutUndefined({
    label: 'Microsoft',
    ...rest,
    issuer,
    tenants: several ? (tenants ?? []) : undefined,
    metadataUrl: several
      ? `${authority}/organizations/v2.0/.well-known/openid-configuration`
      : undefined,
    subject: readSubject,
    mapClaims,
  }) as ProviderOptions<E>
}

/** `sub` differs for each application; an object id is one person in one tenant. */
function readSubject({ tid, oid }: Claims): string {
  return typeof tid === 'string' && typeof oid === 'string' ? `${tid}.${oid}` : ''
}

/** The optional claim `xms_edov` says whether the owner of the e-mail's domain is the tenant. */
function mapClaims(claims: Claims): Claims {
  const isOwned = [true, 1, '1', 'true'].includes(claims.xms_edov as never)
  return { ...claims, email_verified: isOwned }
}
