/**
 * Builds the strict Content-Security-Policy that the presets send with documents, and hashes of
 * inline scripts. The presets and `csp/policies.ts` call `strictCsp()`, and applications call both
 * functions to change parts of the policy. Nothing is validated here: a wrong directive is reported
 * when the policy is compiled. `cspHash` rejects only where Web Crypto does.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { toKebabCase } from '../kebab.ts'
import { NONCE } from '../nonce.ts'
import type { ContentSecurityPolicy } from './directives.ts'

/**
 * Returns a policy under which injected markup cannot run scripts. A script needs the nonce of the
 * response, or must be loaded by a script that has it (`strict-dynamic`). Text becomes script or
 * markup only through a Trusted Types policy. Everything else must come from this origin. `https:`
 * and `'unsafe-inline'` are for browsers without nonces; all others ignore them.
 *
 * @param changes - directives that replace these; `null` removes one.
 * @example
 * app.use(secureHeaders({ contentSecurityPolicy: strictCsp({ imgSrc: ["'self'", 'https://images.example'] }) }))
 * @see CSP Level 3 section 8.2 (strict-dynamic), Trusted Types section 4.2.
 */
export function strictCsp(changes: ContentSecurityPolicy = {}): ContentSecurityPolicy {
  const self = "'self'"
  const policy: Record<string, unknown> = {
    'default-src': "'none'",
    'script-src': `${NONCE} 'strict-dynamic' https: 'unsafe-inline'`,
    'style-src': `${self} ${NONCE}`,
    'img-src': `${self} data:`,
    'font-src': self,
    'connect-src': self,
    'media-src': self,
    'manifest-src': self,
    'worker-src': self,
    'frame-src': self,
    'object-src': "'none'",
    'base-uri': "'none'",
    'form-action': self,
    'require-trusted-types-for': "'script'",
    'upgrade-insecure-requests': true,
  }

  for (const [key, value] of Object.entries(changes))
    if (value !== undefined) policy[toKebabCase(key)] = value
  return policy as ContentSecurityPolicy
}

/**
 * Returns the source that allows one inline script or style: `'sha256-...'`. Use it for pages that
 * are cached, whose nonce would be cached with them.
 *
 * @param text - the exact text between the tags, including white space.
 * @example
 * strictCsp({ scriptSrc: await cspHash('document.body.dataset.ready = "1"') })
 */
export async function cspHash(text: string): Promise<string> {
  const digest = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  )
  // CSP accepts both alphabets of base64, but not every tool does.
  const base64 = encodeBase64url(digest).replaceAll('-', '+').replaceAll('_', '/')
  return `'sha256-${base64}='`
}
