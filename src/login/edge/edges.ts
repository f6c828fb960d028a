/**
 * Options for the edges whose signed header is known: Cloudflare Access, Google IAP and AWS load
 * balancers. Applications pass the result of one as the option `edge` of `gatewayLogin()`.
 *
 * Each function throws `ERR_CONFIG` where an option is missing or malformed. At a request, a token
 * of AWS that does not verify is a `LoginError`, which `edge-identity.ts` turns into 401; the other
 * two edges are verified there.
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
 * Reads the user whom Cloudflare Access has signed in, from the header `Cf-Access-Jwt-Assertion`.
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
 * Reads the user whom Google's Identity-Aware Proxy has signed in, from the header `X-Goog-Iap-Jwt-Assertion`.
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
  /** ARN of the load balancer. Tokens that another load balancer has signed are denied. */
  readonly loadBalancer: string
  /** The identity provider's issuer, as the load balancer is configured with it. */
  readonly issuer: string
  /** The client identifier of the load balancer at that provider. */
  readonly clientId: string
}

/** The shape of an option's value, and the words for it in an issue. */
type Form = readonly [shape: RegExp, name: string]

const text: Form = [/^\S+$/, 'a string without spaces that is not empty']
const host: Form = [/^[a-z\d-]+(?:\.[a-z\d-]+)+$/, 'a host, such as acme.cloudflareaccess.com']
const region: Form = [/^[a-z\d-]+$/, 'the name of a region, such as eu-central-1']
const arn: Form = [/^arn:\S+$/, 'the ARN of a load balancer']

/**
 * Validates options whose values are strings. A missing value must be an error here: compared with a claim that a token
 * leaves out, undefined would match.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
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
 * Reads the user whom an AWS Application Load Balancer has signed in, from the header `X-Amzn-Oidc-Data`. Its tokens
 * have base64 padding, which JWTs forbid, and each of its keys is a PEM file at a URL of its own.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 * @example
 * gatewayLogin({ providers, edge: awsAlb({ region, loadBalancer: arn, issuer, clientId }) })
 */
export function awsAlb(options: AwsAlbOptions): EdgeOption {
  const forms = { region, loadBalancer: arn, issuer: text, clientId: text }
  const { loadBalancer, issuer, clientId, ...rest } = validateTexts(options, forms)
  const keysUrl = `https://public-keys.auth.elb.${rest.region}.amazonaws.com`
  const findKey = createFindKey(keysUrl)

  async function verify(token: string, settings: LoginSettings): Promise<Claims> {
    const [head = '', body = '', signature = '', ...more] = token.split('.')
    const header = decodeObject(head)
    const isForUs =
      more.length === 0 &&
      header.alg === 'ES256' &&
      header.signer === loadBalancer &&
      header.client === clientId &&
      typeof header.kid === 'string' &&
      keyId.test(header.kid)
    if (!isForUs) throw new LoginError('access-token-bad', 'header')
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
    // The load balancer copies the claims of the userinfo endpoint and verifies no e-mail itself.
    ...{ keysUrl, algorithm: 'ES256', verify, verifiesEmails: false },
  })
}

function decodeObject(text: string): Record<string, unknown> {
  const bytes = text.length > 65_536 ? undefined : decodePadded(text)
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (bytes !== undefined && isObject(value)) return value
  } catch {
    // The throw below covers this error too.
  }
  throw new LoginError('access-token-bad', 'json')
}
