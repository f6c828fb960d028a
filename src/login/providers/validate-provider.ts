/**
 * Validates the options of one provider, and resolves them for an environment. `validate-parts.ts` calls
 * `validateProvider` for each provider while a login is built; bearer tokens use `isTextList`.
 *
 * A wrong option is reported as an issue, and the login that is built throws them together as
 * `ERR_CONFIG`. Values that are read from the environment are validated at the first request, by the
 * function that `validateProvider` returns, which throws `ERR_CONFIG`.
 */
import {
  booleanOption,
  checkKeys,
  type Issues,
  optionalFunction,
  parseChoice,
  parseWholeNumber,
  resolveFrom,
} from '../../options/index.ts'
import { isObject } from '../../options/is-object.ts'
import {
  type ClientAuthMethod,
  isAllowedUrl,
  type Provider,
  type ProviderOptions,
  signatureAlgorithms,
} from './provider-options.ts'

const providerKeys: ReadonlyArray<keyof ProviderOptions> = [
  'issuer',
  'clientId',
  'clientSecret',
  'auth',
  'scope',
  'par',
  'userinfo',
  'params',
  'prompt',
  'maxAge',
  'acr',
  'responseMode',
  'resource',
  'tenants',
  'algorithms',
  'label',
  'issuerInResponse',
  'logoutTokenType',
  'metadataUrl',
  'accept',
  'subject',
  'mapClaims',
  'logoutUrl',
  'oauth',
]

const optionChoices = {
  prompt: ['login', 'consent', 'select_account'],
  responseMode: ['query', 'form_post'],
  issuerInResponse: ['promised', 'required'],
  logoutTokenType: ['any', 'required'],
} as const satisfies Partial<Record<keyof ProviderOptions, readonly string[]>>

/** Names that fixed parameters may not have: the login sets them itself. */
const protocolParameters = new Set([
  'client_id',
  'response_type',
  'response_mode',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'prompt',
  'max_age',
  'acr_values',
  'claims',
  'login_hint',
  'resource',
  'id_token_hint',
  'registration',
])

/** Validates one provider. @returns a function that resolves the provider for an environment */
export function validateProvider(
  name: string,
  given: ProviderOptions<never> | undefined,
  issues: Issues,
): (env: unknown) => Provider {
  checkKeys(issues, given, providerKeys)
  const options = { ...given } as ProviderOptions<never>
  const auth = validateChoices(options, issues)
  validateParameters(options, issues)

  const readIssuer = resolveFrom(issues, 'issuer', options.issuer, (issuer: string, at) =>
    validateIssuer(issuer, options.tenants !== undefined, at),
  )
  const readClientId = resolveFrom(issues, 'clientId', options.clientId, validateText)
  const needsSecret = auth === 'client_secret_basic' || auth === 'client_secret_post'
  const readSecrets = needsSecret
    ? resolveFrom(issues, 'clientSecret', options.clientSecret, validateSecrets)
    : () => []
  const readProof =
    typeof options.auth === 'object' ? options.auth.compile(issues.at('auth')) : undefined
  const requiredScopes = options.oauth === undefined ? ['openid'] : []
  const requestedScopes = (options.scope ?? 'openid profile email').split(' ')
  const scopes = new Set([...requiredScopes, ...requestedScopes])
  scopes.delete('')
  return (env) => ({
    name,
    issuer: readIssuer(env),
    clientId: readClientId(env),
    secrets: readSecrets(env),
    auth,
    proof: readProof?.(env),
    options,
    scope: [...scopes].join(' '),
    algorithms: options.algorithms ?? signatureAlgorithms,
  })
}

function validateChoices(options: ProviderOptions<never>, issues: Issues): ClientAuthMethod {
  const methods = ['client_secret_basic', 'client_secret_post', 'none'] as const
  const isProof = typeof options.auth === 'object' && typeof options.auth?.compile === 'function'
  const method = isProof ? 'none' : (options.auth as ClientAuthMethod)
  const auth = parseChoice(issues, 'auth', method, methods) ?? methods[0]
  for (const option of ['accept', 'subject', 'mapClaims', 'logoutUrl'] as const) {
    optionalFunction(issues, option, options[option])
  }
  if (options.metadataUrl !== undefined && !isAllowedUrl(options.metadataUrl)) {
    issues.add('metadataUrl', 'must be an https URL, or an http URL of this machine')
  }
  for (const [option, choices] of Object.entries(optionChoices)) {
    parseChoice(issues, option, options[option as keyof typeof optionChoices], choices)
  }
  booleanOption(issues, 'par', options.par, false)
  booleanOption(issues, 'userinfo', options.userinfo, false)
  return auth
}

function validateParameters(options: ProviderOptions<never>, issues: Issues): void {
  const { scope, maxAge, acr, resource, tenants, algorithms, label, params } = options
  for (const [option, value] of Object.entries({ scope, resource, label })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      issues.add(option, 'must be a non-empty string')
    }
  }
  parseWholeNumber(issues, 'maxAge', maxAge, { min: 0, max: 31_536_000, unit: 'seconds' })
  for (const [option, list] of Object.entries({ acr, tenants })) {
    if (list !== undefined && !isTextList(list)) {
      issues.add(option, 'must be a non-empty list of strings')
    }
  }
  const known: readonly string[] = signatureAlgorithms
  if (algorithms !== undefined) {
    const isUnknown =
      !isTextList(algorithms) || algorithms.some((algorithm) => !known.includes(algorithm))
    if (isUnknown) issues.add('algorithms', `must be a list of some of ${known.join(', ')}`)
  }
  if (resource !== undefined && options.userinfo === true) {
    issues.add('userinfo', 'must not be true together with resource')
  }
  validateParams(params, issues.at('params'))
}

function validateParams(params: unknown, issues: Issues): void {
  if (params === undefined) return
  if (!isObject(params)) {
    issues.add('', 'must be an object of strings')
    return
  }
  for (const [name, value] of Object.entries(params)) {
    if (protocolParameters.has(name))
      issues.add(name, 'must be left out: the login sets this parameter itself')
    else if (typeof value !== 'string') issues.add(name, 'must be a string')
  }
}

/** Whether a value is a non-empty list of non-empty strings. */
export function isTextList(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => typeof entry === 'string' && entry !== '')
  )
}

function validateText(value: string, issues: Issues): string {
  if (typeof value !== 'string' || value === '') issues.add('', 'must be a non-empty string')
  return value
}

function validateSecrets(value: string | readonly string[], issues: Issues): readonly string[] {
  const secrets = typeof value === 'string' ? [value] : value
  if (!isTextList(secrets) || secrets.length > 2) {
    issues.add('', 'must be a string, or a list of one or two strings')
    return []
  }
  return secrets
}

function validateIssuer(issuer: string, isTemplate: boolean, issues: Issues): string {
  if (!isAllowedUrl(issuer) || /[?#]/.test(issuer)) {
    issues.add(
      '',
      'must be an https URL without query and fragment, or an http URL of this machine',
    )
  } else if (issuer.includes('{tenantid}') !== isTemplate) {
    issues.add('', 'must contain {tenantid} if the option tenants is set, and only then')
  }
  return issuer
}
