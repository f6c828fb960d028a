/**
 * Completes the security headers of a guard for Next, and hides those that Next must not see.
 * `guard.ts` and `guard-address.ts` call it. It validates nothing: the gateway does.
 */
import { reportPath } from '../gateway/config/merge-headers.ts'
import { type HeaderOptions, strictCsp } from '../headers/index.ts'
import { isRecord } from '../options/is-object.ts'

/** Options with a guard's own defaults. */
export interface GuardHeaders {
  readonly options: HeaderOptions | undefined
  /** Whether the policy of pages is only reported, because none was configured. */
  readonly observes: boolean
}

/**
 * Completes the option `headers`. What is measured until a policy is named is the one that docs/vercel.md recommends for
 * Next: React writes style attributes, and Next loads its chunks without Trusted Types.
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
 * Removes the enforced policy beside a report-only one. Next copies the headers of this response
 * over those of the request, and an enforced policy over the one that carries the nonce: its
 * scripts would have none.
 *
 * @see resolve-routes.js ("set request headers") and get-script-nonce-from-header.js of Next 16.4
 */
export function keepNonce({ headers }: Response): void {
  if (!headers.has('x-middleware-next')) return
  const enforcedPolicy = headers.get('content-security-policy')
  if (enforcedPolicy !== null && !enforcedPolicy.includes("'nonce-"))
    headers.delete('content-security-policy')
}
