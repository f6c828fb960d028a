/**
 * Reviews the login of a gateway for `portcullis check --providers`: lists the addresses to register at each
 * provider, and gaps in the provider's metadata. `cli/review.ts` calls it; applications may call
 * `reviewLogin` in a deployment.
 *
 * It fetches the metadata of every provider over the network, one after the other. Wrong options or
 * a wrong environment throw `ERR_CONFIG`; a provider that cannot be reached, or whose metadata is
 * malformed, is a fault in the result.
 */

import { createIssues } from '../../options/index.ts'
import type { SessionStrategy } from '../../session/index.ts'
import type { Provider } from '../providers/provider-options.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError, type Metadata } from '../types.ts'
import type { GatewayLogin } from './types.ts'

/** Results of a review. */
export interface LoginReview {
  /** Faults that must be fixed before a deployment. */
  readonly faults: readonly string[]
  /** Remarks, and the addresses to register. */
  readonly remarks: readonly string[]
}

/**
 * Reviews the login of a gateway: asks each provider for its metadata. `portcullis check --providers` calls it.
 *
 * @throws {ConfigError} `ERR_CONFIG` for options or an environment that cannot be served
 * @example
 * const { faults } = await reviewLogin(config, process.env, 'https://app.example.com')
 */
export async function reviewLogin(
  config: {
    readonly login?: GatewayLogin | undefined
    readonly session?: SessionStrategy<never> | undefined
  },
  env: unknown,
  publicOrigin: string,
): Promise<LoginReview> {
  const { login, session } = config
  if (login === undefined) return { faults: [], remarks: [] }
  const issues = createIssues('login')
  const sources = { session: session as never, clock: Date.now, emit: () => {} }
  const { settings } = login.start(sources, issues)
  issues.throwIfAny()

  return reviewProviders(settings, env, publicOrigin)
}

async function reviewProviders(
  settings: LoginSettings,
  env: unknown,
  publicOrigin: string,
): Promise<LoginReview> {
  const faults: string[] = []
  const remarks: string[] = []
  for (const name of settings.providerNames) {
    const option = `login.providers.${name}`
    const provider = settings.readProvider(name, env)
    remarks.push(...listAddresses(settings, name, publicOrigin).map((line) => `${option}: ${line}`))
    try {
      const metadata = await settings.connect(provider).readMetadata()
      remarks.push(...reviewMetadata(provider, metadata).map((line) => `${option}: ${line}`))
    } catch (error) {
      if (!(error instanceof LoginError)) throw error
      faults.push(`${option}: its metadata cannot be read (${error.message})`)
    }
  }

  return { faults, remarks }
}

function listAddresses(
  { base, afterLogout, backchannel }: LoginSettings,
  name: string,
  origin: string,
): string[] {
  return [
    `register the redirect address ${origin}${base}/callback/${name}`,
    `register the address after a logout ${origin}${afterLogout}`,
    ...(backchannel
      ? [
          `register ${origin}${base}/backchannel-logout/${name} for back-channel logout, if supported`,
        ]
      : []),
  ]
}

function reviewMetadata({ options }: Provider, metadata: Metadata): string[] {
  if (options.oauth !== undefined) return ['supports only OAuth: only TLS protects its responses']
  const remarks: string[] = []
  const methods = metadata.code_challenge_methods_supported
  if (methods !== undefined && !methods.includes('S256')) {
    remarks.push('does not list PKCE with S256, which the login always sends: try a login')
  }
  if (metadata.authorization_response_iss_parameter_supported !== true) {
    remarks.push(
      'does not promise iss in responses (RFC 9207): only its redirect address prevents mix-ups',
    )
  }
  if (metadata.end_session_endpoint === undefined && options.logoutUrl === undefined) {
    remarks.push('has no end_session_endpoint: a logout ends only the session of this site')
  }
  if (metadata.require_pushed_authorization_requests === true && options.par !== true) {
    remarks.push('requires pushed authorization requests: one more request for each login')
  }

  return remarks
}
