/** Sets of options by name. */
import { type Issues, nearestKey } from '../options/index.ts'
import { strictCsp } from './csp/strict-csp.ts'
import { fromHelmet } from './helmet.ts'
import type { HeaderOptions } from './options.ts'

/**
 * - `recommended`: the default. {@link strictCsp} for documents, everything else as the options say.
 * - `strict`: besides, no referrer to anybody else, no frames, no `data:` images, no names resolved ahead, no policies for
 *   Flash and Acrobat.
 * - `api`: answers are data; what is a document all the same may do nothing.
 * - `owasp`: the values of the OWASP Secure Headers Project, as of 2026-07-19. Weaker where that list is.
 * - `compat`: the values of helmet 8, for those who come from there.
 */
export type Preset = 'recommended' | 'strict' | 'api' | 'owasp' | 'compat'

/** What a preset says. Made when asked for: a bundle that names one preset need not run the others. */
const presets: Readonly<Record<Preset, () => HeaderOptions>> = {
  recommended: () => ({}),
  strict: () => ({
    contentSecurityPolicy: strictCsp({ imgSrc: "'self'", frameSrc: "'none'" }),
    // Not no-referrer: with it browsers say `Origin: null` on a site's own forms.
    referrerPolicy: 'same-origin',
    // Over https too: Firefox then follows no `rel=dns-prefetch` either, which somebody may have written into a page.
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
 * The options with their preset's values where they say nothing. Of two layers, as on a route inside an app, the inner
 * one's options win, and its preset if it names one.
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

  const own: { -readonly [Name in keyof HeaderOptions]: HeaderOptions[Name] } = { ...options }
  for (const name of Object.keys(own) as Array<keyof HeaderOptions>)
    if (own[name] === undefined) delete own[name]
  if (own.preset === undefined) return { ...outer, ...own }
  if (Object.hasOwn(presets, own.preset)) {
    const preset = presets[own.preset]()
    return {
      ...outer,
      ...preset,
      ...switchedOn(own.preset === 'compat' ? fromHelmet(own, preset) : own, preset),
    }
  }

  const meant = nearestKey(`${own.preset}`, Object.keys(presets))
  issues.add(
    'preset',
    `must be one of ${Object.keys(presets).join(', ')}${meant ? `; did you mean ${meant}?` : ''}`,
  )

  return own
}

/** `true` is on as the preset has it, where it has it at all. */
function switchedOn(own: HeaderOptions, preset: HeaderOptions): HeaderOptions {
  const value = preset as Readonly<Record<string, unknown>>
  const kept = Object.entries(own).filter(([name, given]) => {
    return given !== true || value[name] === undefined || value[name] === false
  })
  return Object.fromEntries(kept)
}

/** Denied to everybody by OWASP's Permissions-Policy, besides what is denied here by default. */
const owaspDenied =
  'autoplay clipboard-write cross-origin-isolated encrypted-media fullscreen gamepad interest-cohort keyboard-map ' +
  'picture-in-picture publickey-credentials-get screen-wake-lock unload web-share'
