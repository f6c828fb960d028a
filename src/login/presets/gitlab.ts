/**
 * Creates the provider options of GitLab, at gitlab.com or self-hosted. Applications call `gitlab()`
 * and pass the result to the option `providers` of a login, which validates it and reports wrong
 * options as `ERR_CONFIG`. It sends nothing and validates nothing, except that slashes at the end of
 * `url` are removed.
 */
import { withoutSlashAtEnd } from '../../options/index.ts'
import type { ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link gitlab}. */
export interface GitlabOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Where GitLab is. Default `https://gitlab.com`. */
  readonly url?: string
}

/**
 * Signs people in with GitLab. `roles('groups_direct', …)` reads the groups of which a person is a direct member.
 * GitLab has no logout page and sends no logout tokens.
 *
 * @see https://docs.gitlab.com/integration/openid_connect_provider/
 * @example
 * login({ session, providers: { gitlab: gitlab({ clientId, clientSecret }) } })
 */
export function gitlab<E = ProjectEnv>(options: GitlabOptions<E>): ProviderOptions<E> {
  const { url = 'https://gitlab.com', ...rest } = options

  return withoutUndefined({
    label: 'GitLab',
    ...rest,
    issuer: withoutSlashAtEnd(url),
  }) as ProviderOptions<E>
}
