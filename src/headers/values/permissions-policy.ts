/** Permissions-Policy: which powers of the browser a page and its frames may ask for. */
import { type Issues, nearestKey } from '../../options/index.ts'
import { type CamelCase, toKebabCase } from '../kebab.ts'

/**
 * Denied by default: sensors, devices, capture, local networks and fonts, payment, ads and built-in models, as Chromium
 * ships them. Not denied is what pages use on a click or what is the page's own business: full screen, autoplay,
 * clipboard writing, sharing, passkeys, sign-in with an identity provider, isolation.
 */
const denied = [
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

/** A feature that a policy can name: what browsers know, as of 2026-11. Others are a matter of a type assertion. */
export type PermissionsFeature =
  | (typeof denied)[number]
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

/** Who may use a feature: nobody (`false`, `[]`, `'none'`), everybody (`true`, `'*'`), or `'self'` and https origins. */
export type PermissionsAllowlist = boolean | 'none' | '*' | 'self' | readonly string[]

/** Changes to the default list: a feature is opened, denied, or left to the browser (`null`). */
export type PermissionsPolicy = {
  readonly [Feature in
    | PermissionsFeature
    | CamelCase<PermissionsFeature>]?: PermissionsAllowlist | null
}

/** The header's value: the default list with the changes given. */
export function permissionsPolicy(issues: Issues, value: unknown): string | undefined {
  if (value === false || value === null) return undefined

  const policy = new Map<string, string>(denied.map((feature) => [feature, '()']))
  if (value !== undefined && value !== true)
    applyChange(issues.at('permissionsPolicy'), value, policy)

  return [...policy].map(([feature, allowed]) => `${feature}=${allowed}`).join(', ') || undefined
}

function applyChange(issues: Issues, input: unknown, policy: Map<string, string>): void {
  if (typeof input !== 'object' || Array.isArray(input)) {
    issues.add('', 'must be true, false, null or an object')
    return
  }

  const seen = new Set<string>()
  for (const [key, value] of Object.entries(input as object)) {
    if (value === undefined) continue

    const feature = toKebabCase(key)
    // Browsers learn new ones, and warn of those they do not know; the types know the rest. A denied one must not be missed.
    const meant = policy.has(feature) ? undefined : nearestKey(feature, denied)

    if (meant || !/^[a-z][a-z-]{1,63}$/.test(feature)) {
      issues.add(key, `is no feature${meant ? `; did you mean ${meant}?` : ''}`)
    } else if (seen.has(feature)) issues.add(key, 'is given twice, in two spellings')
    else if (value === null) policy.delete(feature)
    else policy.set(feature, serializeAllowlist(issues, key, value))

    seen.add(feature)
  }
}

function serializeAllowlist(issues: Issues, key: string, value: unknown): string {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const [only] = list
  if (list.length === 0 || (list.length === 1 && (only === false || only === 'none'))) return '()'
  if (list.length === 1 && (only === true || only === '*')) return '*'
  if (list.every((item) => item === 'self' || isOrigin(item))) {
    return `(${list.map((item) => (item === 'self' ? item : `"${item}"`)).join(' ')})`
  }

  issues.add(key, "must be true, false, 'self', or a list of 'self' and https origins")
  return '()'
}

/** An https origin, or all subdomains of one (Permissions Policy section 5.2): nothing that could close the quote. */
function isOrigin(item: unknown): boolean {
  return (
    typeof item === 'string' &&
    item.length <= 270 &&
    /^https:\/\/(?:\*\.)?[a-z\d.-]+(?::\d{1,5})?$/.test(item)
  )
}
