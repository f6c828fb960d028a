/** Cross-Origin-Opener-Policy, -Resource-Policy and -Embedder-Policy. */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

const opener = ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none']
const resource = ['same-origin', 'same-site', 'cross-origin']
const embedder = ['require-corp', 'credentialless', 'unsafe-none']

/** Cross-Origin-Opener-Policy: windows of other origins cannot reach this one. Default same-origin. */
export function compileOpenerPolicy(issues: Issues, value: unknown): string | undefined {
  const words = { choices: opener, absent: 'same-origin', on: 'same-origin' }
  return parseToken(issues, 'crossOriginOpenerPolicy', value, words)
}

/** Cross-Origin-Resource-Policy: other origins cannot embed this response. Default same-origin. */
export function compileResourcePolicy(issues: Issues, value: unknown): string | undefined {
  const words = { choices: resource, absent: 'same-origin', on: 'same-origin' }
  return parseToken(issues, 'crossOriginResourcePolicy', value, words)
}

/**
 * Cross-Origin-Embedder-Policy: off, since it breaks every image and frame of another site that does not opt in.
 *
 * @param isolated - `crossOriginIsolated`, which decides where it is on.
 */
export function compileEmbedderPolicy(
  issues: Issues,
  value: unknown,
  isolated: unknown,
): string | undefined {
  const words = { choices: embedder, absent: undefined, on: 'require-corp' }
  const own = parseToken(issues, 'crossOriginEmbedderPolicy', value, words)
  const wanted = parseToken(issues, 'crossOriginIsolated', isolated, {
    ...words,
    choices: ['require-corp', 'credentialless'],
  })

  return wanted ?? own
}

/** Notes what contradicts isolation, which browsers grant to nothing less. */
export function checkIsolation(
  issues: Issues,
  isolated: boolean,
  opens: string | undefined,
  embeds: unknown,
): void {
  if (!isolated) return
  if (opens !== 'same-origin')
    issues.add('crossOriginOpenerPolicy', 'must be same-origin with crossOriginIsolated')
  if (embeds !== undefined)
    issues.add('crossOriginEmbedderPolicy', 'is what crossOriginIsolated says; give one of them')
}
