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

/** Cross-Origin-Embedder-Policy: off, since it breaks every image and frame of another site that does not opt in. */
export function embedderPolicy(faults: Faults, given: unknown): string | undefined {
  const words = { choices: embedder, absent: undefined, on: 'require-corp' }
  return token(faults, 'crossOriginEmbedderPolicy', given, words)
}
