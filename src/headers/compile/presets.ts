/**
 * Defines the presets of header options, and merges an application's options over them.
 * `secureHeaders()`, `compileHeaders()` and the gateway's routes call it before options are
 * validated. It throws nothing itself: options that are no object, and an unknown preset, are added
 * to the caller's list of issues.
 */
import { type Issues, nearestKey } from '../../options/index.ts'
import { strictCsp } from '../csp/strict-csp.ts'
import type { HeaderOptions } from '../options.ts'
import { fromHelmet } from './helmet.ts'

/**
 * The name of a set of defaults.
 *
 * - `recommended`: {@link strictCsp} for documents and the defaults that the options document.
 * - `strict`: also no referrer to other origins, no frames, no `data:` images, no DNS prefetching, no policies for Flash
 *   and Acrobat.
 * - `api`: for servers of data. A document may load and run nothing.
 * - `owasp`: the values of the OWASP Secure Headers Project, as of 2026-07-19. Some are weaker than the defaults here.
 * - `compat`: the values of helmet 8, for applications that migrate from it.
 */
export type Preset = 'recommended' | 'strict' | 'api' | 'owasp' | 'compat'

/** The options of each preset, created on demand. */
const presets: Readonly<Record<Preset, () => HeaderOptions>> = {
  recommended: () => ({}),
  strict: () => ({
    contentSecurityPolicy: strictCsp({ imgSrc: "'self'", frameSrc: "'none'" }),
    // Under `no-referrer` browsers would send `Origin: null` with a site's own forms.
    referrerPolicy: 'same-origin',
    // It is sent over https as well, because it also keeps Firefox from following
    // `rel=dns-prefetch` of a page.
    xDnsPrefetchControl: 'off',
    xPermittedCrossDomainPolicies: 'none',
  }),
  api: () => ({
    contentSecurityPolicy: {
      defaultSrc: "'none'",
      baseUri: "'none'",
      formAction: "'none'",
      requireTrustedTypesFor: "'script'",
      sandbox: true,
    },
    referrerPolicy: 'no-referrer',
    permissionsPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
  }),
  owasp: () => ({
    cacheControl: true,
    contentSecurityPolicy: {
      defaultSrc: "'self'",
      formAction: "'self'",
      baseUri: "'self'",
      objectSrc: "'none'",
      frameAncestors: "'none'",
      upgradeInsecureRequests: true,
    },
    crossOriginEmbedderPolicy: 'require-corp',
    permissionsPolicy: Object.fromEntries([
      ...owaspDenied.split(' ').map((feature) => [feature, false]),
      ['sync-xhr', 'self'],
    ]),
    referrerPolicy: 'no-referrer',
    xDnsPrefetchControl: 'off',
    xPermittedCrossDomainPolicies: 'none',
  }),
  compat: () => ({
    contentSecurityPolicy: {
      defaultSrc: "'self'",
      baseUri: "'self'",
      fontSrc: "'self' https: data:",
      formAction: "'self'",
      frameAncestors: "'self'",
      imgSrc: "'self' data:",
      objectSrc: "'none'",
      scriptSrc: "'self'",
      scriptSrcAttr: "'none'",
      styleSrc: "'self' https: 'unsafe-inline'",
      upgradeInsecureRequests: true,
    },
    permissionsPolicy: false,
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
    xDownloadOptions: true,
    xDnsPrefetchControl: 'off',
    xPermittedCrossDomainPolicies: 'none',
    xXssProtection: true,
    xFrameOptions: 'SAMEORIGIN',
    strip: false,
  }),
}

/**
 * Merges options over the values of their preset. `outer` has the options of an outer layer, such
 * as the app around a route: the inner options take precedence, and so does the inner preset.
 */
export function applyPreset(
  issues: Issues,
  options: HeaderOptions,
  outer: HeaderOptions = {},
): HeaderOptions {
  if (typeof options !== 'object' || options === null) {
    issues.add('', 'must be an object')
    return outer
  }

  const ownOptions: { -readonly [Name in keyof HeaderOptions]: HeaderOptions[Name] } = {
    ...options,
  }
  for (const name of Object.keys(ownOptions) as Array<keyof HeaderOptions>)
    if (ownOptions[name] === undefined) delete ownOptions[name]
  if (ownOptions.preset === undefined) return { ...outer, ...ownOptions }
  if (Object.hasOwn(presets, ownOptions.preset)) {
    const preset = presets[ownOptions.preset]()
    return {
      ...outer,
      ...preset,
      ...resolveSwitches(
        ownOptions.preset === 'compat' ? fromHelmet(ownOptions, preset) : ownOptions,
        preset,
      ),
    }
  }

  const suggestion = nearestKey(`${ownOptions.preset}`, Object.keys(presets))
  issues.add(
    'preset',
    `must be one of ${Object.keys(presets).join(', ')}${suggestion ? `; did you mean ${suggestion}?` : ''}`,
  )

  return ownOptions
}

/** Removes options that are `true` where the preset has a value for them, so that this value applies. */
function resolveSwitches(options: HeaderOptions, preset: HeaderOptions): HeaderOptions {
  const presetValues = preset as Readonly<Record<string, unknown>>
  const entries = Object.entries(options).filter(([name, input]) => {
    return input !== true || presetValues[name] === undefined || presetValues[name] === false
  })
  return Object.fromEntries(entries)
}

/** The features that OWASP's Permissions-Policy denies in addition to the default list. */
const owaspDenied =
  'autoplay clipboard-write cross-origin-isolated encrypted-media fullscreen gamepad interest-cohort keyboard-map ' +
  'picture-in-picture publickey-credentials-get screen-wake-lock unload web-share'
