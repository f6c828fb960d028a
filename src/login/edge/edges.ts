/**
 * The edges whose signed header is known: Cloudflare Access, Google IAP and AWS load balancers.
 * Applications pass one as the option `edge` of a login. A missing option is a `ConfigError`; a
 * token that does not verify is a `LoginError` inside the login.
 */
import { checkKeys, createIssues } from '../../options/index.ts'
import type { LoginSettings } from '../settings.ts'
import { type Claims, isObject, LoginError } from '../types.ts'
import { createFindKey, decodePadded } from './alb-keys.ts'
import type { EdgeOption } from './contract.ts'
import { createEdge } from './edge-identity.ts'

/** Options of {@link cloudflareAccess}. */
export interface CloudflareAccessOptions {
  /** Host of the team, such as `acme.cloudflareaccess.com`. */
  readonly team: string
  /** The application's audience tag. */
  readonly audience: string
}

/**
 * Takes the identity that Cloudflare Access has proved, from `Cf-Access-Jwt-Assertion`.
 *
 * @see https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
 * @example
 * gatewayLogin({ providers, edge: cloudflareAccess({ team: 'acme.cloudflareaccess.com', audience }) })
 */
export function cloudflareAccess(options: CloudflareAccessOptions): EdgeOption {
  const { team, audience } = validateTexts(options, { team: host, audience: text })
  return createEdge({
    name: 'cloudflare-access',
    header: 'cf-access-jwt-assertion',
    issuer: `https://${team}`,
    audience,
    keysUrl: `https://${team}/cdn-cgi/access/certs`,
    algorithm: 'RS256',
    verifiesEmails: true,
  })
}

/** Options of {@link googleIap}. */
export interface GoogleIapOptions {
  /** `/projects/<number>/global/backendServices/<id>`, or `/projects/<number>/apps/<project>`. */
  readonly audience: string
}

/**
 * Takes the identity that Google's Identity-Aware Proxy has proved, from `X-Goog-Iap-Jwt-Assertion`.
 *
 * @see https://cloud.google.com/iap/docs/signed-headers-howto
 * @example
 * gatewayLogin({ providers, edge: googleIap({ audience: '/projects/1/global/backendServices/2' }) })
 */
export function googleIap(options: GoogleIapOptions): EdgeOption {
  const { audience } = validateTexts(options, { audience: text })
  return createEdge({
    name: 'google-iap',
    header: 'x-goog-iap-jwt-assertion',
    issuer: 'https://cloud.google.com/iap',
    audience,
    keysUrl: 'https://www.gstatic.com/iap/verify/public_key-jwk',
    algorithm: 'ES256',
    verifiesEmails: true,
  })
}

/** Options of {@link awsAlb}. */
export interface AwsAlbOptions {
  /** Region of the load balancer, such as `eu-central-1`. */
  readonly region: string
  /** Its ARN: tokens that another load balancer has signed are refused. */
  readonly loadBalancer: string
  /** The issuer that it signs people in at. */
  readonly issuer: string
  /** Its client identifier there. */
  readonly clientId: string
}

/** The form of an option, and how an issue calls it. */
type Form = readonly [shape: RegExp, name: string]

const text: Form = [/^\S+$/, 'a string without spaces that is not empty']
const host: Form = [/^[a-z\d-]+(?:\.[a-z\d-]+)+$/, 'a host, such as acme.cloudflareaccess.com']
const region: Form = [/^[a-z\d-]+$/, 'the name of a region, such as eu-central-1']
const arn: Form = [/^arn:\S+$/, 'the ARN of a load balancer']

/** @throws {ConfigError} `ERR_CONFIG`: a value that is missing must not pass for one that a token leaves out */
function validateTexts<T extends object>(options: T, forms: Readonly<Record<keyof T, Form>>): T {
  const issues = createIssues('edge')
  checkKeys(issues, options, Object.keys(forms))
  for (const [name, [shape, form]] of Object.entries<Form>(forms)) {
    const value: unknown = Object(options)[name]
    if (typeof value !== 'string' || !shape.test(value)) issues.add(name, `must be ${form}`)
  }
  issues.throwIfAny()

  return options
}

const keyId = /^[\w-]{1,64}$/

/**
 * Takes the identity that an AWS Application Load Balancer has proved, from `X-Amzn-Oidc-Data`. Its tokens
 * have padding, and its keys are PEM files, each at an address of its own.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 * @example
 * gatewayLogin({ providers, edge: awsAlb({ region, loadBalancer: arn, issuer, clientId }) })
 */
export function awsAlb(options: AwsAlbOptions): EdgeOption {
  const forms = { region, loadBalancer: arn, issuer: text, clientId: text }
  const { loadBalancer, issuer, clientId, ...place } = validateTexts(options, forms)
  const keysUrl = `https://public-keys.auth.elb.${place.region}.amazonaws.com`
  const findKey = createFindKey(keysUrl)

  async function verify(token: string, settings: LoginSettings): Promise<Claims> {
    const [head = '', body = '', signature = '', ...more] = token.split('.')
    const header = decodeObject(head)
    const isOwn =
      more.length === 0 &&
      header.alg === 'ES256' &&
      header.signer === loadBalancer &&
      header.client === clientId &&
      typeof header.kid === 'string' &&
      keyId.test(header.kid)
    if (!isOwn) throw new LoginError('access-token-bad', 'header')
    const key = await findKey(`${header.kid}`, settings)
    const bytes = decodePadded(signature)
    const text = new TextEncoder().encode(`${head}.${body}`)
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    if (!bytes || !(await crypto.subtle.verify(algorithm, key, bytes, text))) {
      throw new LoginError('id-token-signature')
    }
    const claims = decodeObject(body)
    const exp = claims.exp ?? header.exp
    const iat = claims.iat ?? Math.floor(settings.clock() / 1000)
    return { ...claims, iss: claims.iss ?? header.iss, aud: clientId, exp, iat }
  }

  return createEdge({
    ...{ name: 'aws-alb', header: 'x-amzn-oidc-data', issuer, audience: clientId },
    // It passes on what the userinfo endpoint said.
    ...{ keysUrl, algorithm: 'ES256', verify, verifiesEmails: false },
  })
}

function decodeObject(text: string): Record<string, unknown> {
  const bytes = text.length > 65_536 ? undefined : decodePadded(text)
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (bytes !== undefined && isObject(value)) return value
  } catch {
    // Refused below.
  }
  throw new LoginError('access-token-bad', 'json')
}
