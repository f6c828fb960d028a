/**
 * Options of GitLab as a provider, at gitlab.com or self-hosted. Applications pass the result to
 * `providers`. Nothing is sent here; invalid options are a `ConfigError` of the login.
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
 * Signs people in with GitLab. `roles('groups_direct', …)` reads the groups somebody is a direct member of.
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
