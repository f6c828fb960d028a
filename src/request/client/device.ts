/**
 * Describes the device of a User-Agent: `bowser` parses it, and the isolate caches the result.
 * Sessions with `clientInfo`, applications and the audit trail call it. An unknown agent gives an
 * empty description.
 */
import bowser from 'bowser'

/** The browser and the system behind a request; all of it is the client's own word. */
export interface Device {
  /** Browser and major version, such as `Chrome 140`. */
  readonly browser?: string
  /** Operating system, such as `Windows 10`, `iOS 18` or `macOS`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly deviceKind?: string
}

/** Longer ones are cut; those of browsers have about 120 characters. */
const maxUserAgentLength = 512
/** Devices that an isolate remembers: to read one costs some 50 us. */
const maxRemembered = 256
const knownDevices = new Map<string, Device>()

/**
 * Reads a User-Agent header. Names come from a list of the library, and of versions only the major number is kept, so the
 * result cannot carry what a client writes.
 *
 * @example
 * readDevice(request.headers.get('user-agent')) // { browser: 'Firefox 140', system: 'Linux', deviceKind: 'desktop' }
 */
export function readDevice(userAgent: string | null | undefined): Device {
  if (userAgent === null || userAgent === undefined || userAgent === '') return {}
  const shortUserAgent = userAgent.slice(0, maxUserAgentLength)
  const knownDevice = knownDevices.get(shortUserAgent)
  if (knownDevice !== undefined) return knownDevice

  const device = parseDevice(shortUserAgent)
  if (knownDevices.size >= maxRemembered) knownDevices.clear()
  knownDevices.set(shortUserAgent, device)

  return device
}

function parseDevice(userAgent: string): Device {
  const { browser, os: operatingSystem, platform } = bowser.parse(userAgent)
  const browserName = joinVersion(browser.name, browser.version)
  // Windows and macOS freeze their version in this header: the number would be wrong more often than right.
  const systemVersion = /^(?:iOS|Android)$/.test(operatingSystem.name ?? '')
    ? operatingSystem.version
    : undefined
  const system =
    operatingSystem.name === 'Windows'
      ? 'Windows'
      : joinVersion(operatingSystem.name, systemVersion)

  return {
    ...(browserName !== undefined && { browser: browserName }),
    ...(system !== undefined && { system }),
    ...(platform.type !== undefined && { deviceKind: platform.type }),
  }
}

function joinVersion(
  productName: string | undefined,
  version: string | undefined,
): string | undefined {
  if (productName === undefined || !/^[\w .-]{1,40}$/.test(productName)) return undefined
  const majorVersion = /^\d{1,4}(?!\d)/.exec(version ?? '')?.[0]
  return majorVersion === undefined ? productName : `${productName} ${majorVersion}`
}
