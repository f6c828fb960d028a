/**
 * Adds defaults for Next to the security headers of a guard, and removes from the guard's response the one header that
 * would hide the nonce from Next. `guard.ts` calls `completeHeaders` while building, and `guard-address.ts` calls
 * `keepNonce` for each response. Nothing is validated or thrown: `createGateway` validates the options.
 */
import { reportPath } from '../gateway/config/merge-headers.ts'
import { type HeaderOptions, strictCsp } from '../headers/index.ts'
import { isRecord } from '../options/is-object.ts'

/** Header options with the defaults of a guard. */
export interface GuardHeaders {
  readonly options: HeaderOptions | undefined
  /** True if the content security policy is only reported, because none was configured. */
  readonly observes: boolean
}

/**
 * Completes the option `headers`. Until a policy is named, the policy that docs/vercel.md recommends for Next is
 * reported: it allows style attributes, which React writes, and does not require Trusted Types, which Next's chunks
 * lack.
 */
export function completeHeaders(input: HeaderOptions | undefined, basePath: string): GuardHeaders {
  if (input !== undefined && !isRecord(input)) return { options: input, observes: false }
  const {
    preset,
    contentSecurityPolicy: policy,
    contentSecurityPolicyReportOnly: reportOnlyPolicy,
  } = input ?? {}

  const observes = policy === 'observe' || (policy === undefined && preset === undefined)
  const namedOptions = Object.entries(input ?? {}).filter(
    ([, optionValue]) => optionValue !== undefined,
  )
  const options: HeaderOptions = {
    reporting: basePath + reportPath,
    ...(observes && { contentSecurityPolicy: 'observe' }),
    ...(observes &&
      reportOnlyPolicy === undefined && { contentSecurityPolicyReportOnly: nextPolicy() }),
    ...Object.fromEntries(namedOptions),
  }

  return { options, observes }
}

function nextPolicy(): NonNullable<HeaderOptions['contentSecurityPolicyReportOnly']> {
  return strictCsp({
    styleSrc: ["'self'", "'unsafe-inline'"],
    requireTrustedTypesFor: null,
  }) as never
}

/**
 * Removes an enforced policy without a nonce from a response that passes the request to Next. Next copies
 * the headers of this response to the request, and reads the nonce of its scripts from the enforced
 * policy; only if there is none it reads the report-only one, which has the nonce.
 *
 * @see resolve-routes.js ("set request headers") and get-script-nonce-from-header.js of Next 16.4
 */
export function keepNonce({ headers }: Response): void {
  if (!headers.has('x-middleware-next')) return
  const enforcedPolicy = headers.get('content-security-policy')
  if (enforcedPolicy !== null && !enforcedPolicy.includes("'nonce-"))
    headers.delete('content-security-policy')
}
