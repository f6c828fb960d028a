/**
 * Builds the policy that the presets send with documents, and hashes of inline scripts. Presets
 * call it, and applications that change parts of the policy. It does not validate: `policies.ts`
 * does that afterwards.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { toKebabCase } from '../kebab.ts'
import { NONCE } from '../nonce.ts'
import type { ContentSecurityPolicy } from './directives.ts'

/**
 * Returns a policy under which injected markup cannot run scripts: a script needs the nonce of the response or is loaded by
 * a script that has it (`strict-dynamic`); text becomes script or markup only through a Trusted Types policy; everything
 * else comes from this origin. `https:` and `'unsafe-inline'` are for browsers without nonces; all others ignore them.
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
 * Returns the source that allows one inline script or style: `'sha256-...'`. Use it for pages that are cached, where a nonce
 * would be cached with them.
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
