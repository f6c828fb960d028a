/**
 * Compiles the value of Permissions-Policy, which says which browser features a page and its frames
 * may use. The table in `compile/definitions.ts` calls it while header options are compiled. It
 * throws nothing itself: a misspelt feature of the default list, a malformed name, a feature that
 * is set twice and an invalid origin are added to the caller's list of issues. Unknown features are
 * accepted, because browsers add new ones, and so a misspelt name of another feature is sent as it
 * is.
 */
import { type Issues, nearestKey } from '../../options/index.ts'
import { type CamelCase, toKebabCase } from '../kebab.ts'

/**
 * The features that are denied by default: sensors, devices, capture, local networks and fonts,
 * payment, ads and built-in models, as Chromium ships them. The list leaves out features that pages
 * use on a click or that concern only the page: full screen, autoplay, clipboard writing, sharing,
 * passkeys, sign-in with an identity provider, isolation.
 */
const deniedFeatures = [
  'accelerometer',
  'bluetooth',
  'camera',
  'captured-surface-control',
  'clipboard-read',
  'compute-pressure',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'language-model',
  'local-fonts',
  'local-network',
  'local-network-access',
  'loopback-network',
  'magnetometer',
  'microphone',
  'midi',
  'on-device-speech-recognition',
  'payment',
  'private-state-token-issuance',
  'private-state-token-redemption',
  'serial',
  'summarizer',
  'usb',
  'window-management',
  'xr-spatial-tracking',
] as const

/**
 * A feature that a policy can name. The type lists those that browsers know as of 2026-11; other
 * names need a type assertion.
 */
export type PermissionsFeature =
  | (typeof deniedFeatures)[number]
  | 'all-screens-capture'
  | 'ambient-light-sensor'
  | 'aria-notify'
  | 'attribution-reporting'
  | 'autoplay'
  | 'browsing-topics'
  | 'ch-ua'
  | 'ch-ua-arch'
  | 'ch-ua-bitness'
  | 'ch-ua-full-version-list'
  | 'ch-ua-high-entropy-values'
  | 'ch-ua-mobile'
  | 'ch-ua-model'
  | 'ch-ua-platform'
  | 'ch-ua-platform-version'
  | 'clipboard-write'
  | 'cross-origin-isolated'
  | 'deferred-fetch'
  | 'deferred-fetch-minimal'
  | 'digital-credentials-create'
  | 'digital-credentials-get'
  | 'encrypted-media'
  | 'focus-without-user-activation'
  | 'fullscreen'
  | 'gamepad'
  | 'identity-credentials-get'
  | 'interest-cohort'
  | 'join-ad-interest-group'
  | 'keyboard-map'
  | 'language-detector'
  | 'manual-text'
  | 'mediasession'
  | 'otp-credentials'
  | 'picture-in-picture'
  | 'publickey-credentials-create'
  | 'publickey-credentials-get'
  | 'rewriter'
  | 'run-ad-auction'
  | 'screen-wake-lock'
  | 'smart-card'
  | 'speaker-selection'
  | 'storage-access'
  | 'sync-xhr'
  | 'translator'
  | 'unload'
  | 'vertical-scroll'
  | 'web-share'
  | 'writer'

/** The origins that may use a feature: none (`false`, `[]`, `'none'`), all (`true`, `'*'`), or `'self'` and https origins. */
export type PermissionsAllowlist = boolean | 'none' | '*' | 'self' | readonly string[]

/** Changes to the default list: a feature is allowed, denied, or left to the browser (`null`). */
export type PermissionsPolicy = {
  readonly [Feature in
    | PermissionsFeature
    | CamelCase<PermissionsFeature>]?: PermissionsAllowlist | null
}

/** Returns the header's value: the default list with the changes applied. */
export function permissionsPolicy(issues: Issues, optionValue: unknown): string | undefined {
  if (optionValue === false || optionValue === null) return undefined

  const policy = new Map<string, string>(deniedFeatures.map((feature) => [feature, '()']))
  if (optionValue !== undefined && optionValue !== true)
    applyChange(issues.at('permissionsPolicy'), optionValue, policy)

  return (
    [...policy].map(([feature, allowlist]) => `${feature}=${allowlist}`).join(', ') || undefined
  )
}

function applyChange(issues: Issues, input: unknown, policy: Map<string, string>): void {
  if (typeof input !== 'object' || Array.isArray(input)) {
    issues.add('', 'must be true, false, null or an object')
    return
  }

  const seenFeatures = new Set<string>()
  for (const [key, value] of Object.entries(input as object)) {
    if (value === undefined) continue

    const feature = toKebabCase(key)
    // Unknown features are accepted, because browsers add new ones, but not a misspelt name of the
    // default list.
    const suggestion = policy.has(feature) ? undefined : nearestKey(feature, deniedFeatures)

    if (suggestion || !/^[a-z][a-z-]{1,63}$/.test(feature)) {
      issues.add(
        key,
        `is not the name of a feature${suggestion ? `; did you mean ${suggestion}?` : ''}`,
      )
    } else if (seenFeatures.has(feature))
      issues.add(key, 'is set twice, in camel case and in kebab case; keep one of them')
    else if (value === null) policy.delete(feature)
    else policy.set(feature, serializeAllowlist(issues, key, value))

    seenFeatures.add(feature)
  }
}

function serializeAllowlist(issues: Issues, key: string, optionValue: unknown): string {
  const list: unknown[] = Array.isArray(optionValue) ? optionValue : [optionValue]
  const [first] = list
  if (list.length === 0 || (list.length === 1 && (first === false || first === 'none'))) return '()'
  if (list.length === 1 && (first === true || first === '*')) return '*'
  if (list.every((listItem) => listItem === 'self' || isOrigin(listItem))) {
    const origins = list.map((origin) => (origin === 'self' ? origin : `"${origin}"`))

    return `(${origins.join(' ')})`
  }

  issues.add(key, "must be true, false, 'self', or a list of 'self' and https origins")
  return '()'
}

/**
 * Reports whether an item is an https origin or all subdomains of one (Permissions Policy section
 * 5.2), without quotes.
 */
function isOrigin(listItem: unknown): boolean {
  return (
    typeof listItem === 'string' &&
    listItem.length <= 270 &&
    /^https:\/\/(?:\*\.)?[a-z\d.-]+(?::\d{1,5})?$/.test(listItem)
  )
}
