/** The policy that the presets send with documents, and what an app adds to it. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { toKebabCase } from '../kebab.ts'
import type { ContentSecurityPolicy } from './directives.ts'
import { NONCE } from './nonce.ts'

/**
 * A policy under which injected markup runs nothing: scripts need the nonce of the response, or are loaded by one that has
 * it (`strict-dynamic`); text becomes script or markup only through a Trusted Types policy; everything else comes from
 * this origin. `https:` and `'unsafe-inline'` are for browsers that do not know nonces; all others ignore them.
 *
 * @param changes - directives instead of these; `null` leaves one out.
 * @see CSP Level 3 section 8.2 (strict-dynamic), Trusted Types section 4.2.
 */
export function strictCsp(changes: ContentSecurityPolicy = {}): ContentSecurityPolicy {
  const own = "'self'"
  const policy: Record<string, unknown> = {
    'default-src': "'none'",
    'script-src': `${NONCE} 'strict-dynamic' https: 'unsafe-inline'`,
    'style-src': `${own} ${NONCE}`,
    'img-src': `${own} data:`,
    'font-src': own,
    'connect-src': own,
    'media-src': own,
    'manifest-src': own,
    'worker-src': own,
    'frame-src': own,
    'object-src': "'none'",
    'base-uri': "'none'",
    'form-action': own,
    'require-trusted-types-for': "'script'",
    'upgrade-insecure-requests': true,
  }

  for (const [key, value] of Object.entries(changes))
    if (value !== undefined) policy[toKebabCase(key)] = value
  return policy as ContentSecurityPolicy
}

/**
 * The source that allows one inline script or style: `'sha256-...'`. For pages that are the same for everybody and can be
 * cached, where a nonce would be cached with them.
 *
 * @param text - what stands between the tags, to the last space.
 */
export async function cspHash(text: string): Promise<string> {
  const digest = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  )
  // CSP takes both alphabets, but not every tool does.
  const base64 = encodeBase64url(digest).replaceAll('-', '+').replaceAll('_', '/')
  return `'sha256-${base64}='`
}
