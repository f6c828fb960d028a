/** Which Content-Security-Policy each kind of response gets. */
import type { Faults } from '../options/index.ts'
import { type Directives, directives, policyText } from './csp.ts'
import { type Framing, framing } from './frame-options.ts'
import type { ResponseKind } from './kind.ts'

/** A policy over plain http, and over https on a name. */
export interface Policy {
  readonly plain: string | undefined
  readonly secure: string | undefined
}

/** Policies by kind, and the framing of documents that goes with them. */
export interface Policies {
  readonly framing: Framing
  of(kind: ResponseKind): Policy
}

const upgrade = 'upgrade-insecure-requests'

/** Judges both options, since frame-ancestors of one and X-Frame-Options say the same. */
export function policies(faults: Faults, csp: unknown, xFrameOptions: unknown): Policies {
  const own = owned(faults, csp)
  const frames = framing(faults, xFrameOptions, own?.get('frame-ancestors'))
  if (csp === false || csp === null) return { framing: frames, of: () => ({ plain: undefined, secure: undefined }) }

  const tail = frames.ancestors ? `; frame-ancestors ${frames.ancestors}` : ''
  const closed = `default-src 'none'; base-uri 'none'; form-action 'none'${tail}`
  const floor = `base-uri 'self'; object-src 'none'${tail}; form-action 'self'`
  const both = (policy: string): Policy => ({ plain: policy, secure: policy })
  const made: Readonly<Record<ResponseKind, Policy>> = {
    document: own ? custom(own) : { plain: floor, secure: `${floor}; ${upgrade}` },
    // The policy of a worker's script is the worker's: closed, a service worker could fetch nothing.
    script: both(`object-src 'none'; base-uri 'none'; form-action 'none'${tail}`),
    svg: both(`default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; ${rest(tail)}`),
    media: both(`default-src 'none'; media-src 'self'; object-src 'self'; ${rest(tail)}`),
    asset: both(closed),
    redirect: both(closed),
    api: both(closed),
    'not-modified': { plain: undefined, secure: undefined },
  }
  return { framing: frames, of: (kind) => made[kind] }
}

function rest(tail: string): string {
  return `base-uri 'none'; form-action 'none'${tail}`
}

function owned(faults: Faults, csp: unknown): Directives | undefined {
  if (csp === undefined || csp === null || typeof csp === 'boolean') return undefined
  const own = faults.under('contentSecurityPolicy')
  if (typeof csp === 'object' && !Array.isArray(csp)) return directives(own, csp)
  own.add('', 'must be true, false, null or an object of directives')
  return undefined
}

/** Safari upgrades even on http://localhost, where there is nothing to upgrade to. */
function custom(own: Directives): Policy {
  const plain = new Map(own)
  plain.delete(upgrade)
  return { plain: policyText(plain), secure: policyText(own) }
}
