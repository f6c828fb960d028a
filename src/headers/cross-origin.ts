/** Cross-Origin-Opener-Policy, -Resource-Policy and -Embedder-Policy. */
import type { Faults } from '../options/index.ts'
import { token } from './token.ts'

const opener = ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none']
const resource = ['same-origin', 'same-site', 'cross-origin']
const embedder = ['require-corp', 'credentialless', 'unsafe-none']

/** Cross-Origin-Opener-Policy: windows of other origins cannot reach this one. Default same-origin. */
export function openerPolicy(faults: Faults, given: unknown): string | undefined {
  const words = { choices: opener, absent: 'same-origin', on: 'same-origin' }
  return token(faults, 'crossOriginOpenerPolicy', given, words)
}

/** Cross-Origin-Resource-Policy: other origins cannot embed this response. Default same-origin. */
export function resourcePolicy(faults: Faults, given: unknown): string | undefined {
  const words = { choices: resource, absent: 'same-origin', on: 'same-origin' }
  return token(faults, 'crossOriginResourcePolicy', given, words)
}

/**
 * Cross-Origin-Embedder-Policy: off, since it breaks every image and frame of another site that does not opt in.
 *
 * @param isolated - `crossOriginIsolated`, which decides where it is on.
 */
export function embedderPolicy(faults: Faults, given: unknown, isolated: unknown): string | undefined {
  const words = { choices: embedder, absent: undefined, on: 'require-corp' }
  const own = token(faults, 'crossOriginEmbedderPolicy', given, words)
  const wanted = token(faults, 'crossOriginIsolated', isolated, {
    ...words,
    choices: ['require-corp', 'credentialless'],
  })
  return wanted ?? own
}

/** Notes what contradicts isolation, which browsers grant to nothing less. */
export function checkIsolation(faults: Faults, isolated: boolean, opens: string | undefined, embeds: unknown): void {
  if (!isolated) return
  if (opens !== 'same-origin') faults.add('crossOriginOpenerPolicy', 'must be same-origin with crossOriginIsolated')
  if (embeds !== undefined)
    faults.add('crossOriginEmbedderPolicy', 'is what crossOriginIsolated says; give one of them')
}
