/**
 * Compiles the value of Clear-Site-Data, which makes a browser delete data of the site at a logout.
 * `clearSiteData()` calls it while it is built. It throws nothing itself: an unknown option, a
 * value that is no boolean, or options that delete nothing are added to the caller's list of
 * issues.
 */
import { booleanOption, checkKeys, type Issues } from '../../options/index.ts'

/** The kinds of data that the browser deletes. */
export interface ClearSiteDataOptions {
  /**
   * Cookies of the host's whole registrable domain, including subdomains.
   *
   * @default true
   */
  readonly cookies?: boolean
  /**
   * Local and session storage, IndexedDB and service workers of this origin.
   *
   * @default true
   */
  readonly storage?: boolean
  /**
   * The HTTP cache of this origin.
   *
   * @default false: Chromium can take half a minute, and pages wait for it
   */
  readonly cache?: boolean
}

/** Returns the header's value: a list of quoted strings. */
export function clearSiteDataValue(issues: Issues, optionValue: unknown): string {
  checkKeys(issues, optionValue, ['cookies', 'storage', 'cache'])
  const options: ClearSiteDataOptions = { ...(optionValue as object) }
  const kinds = (['cache', 'cookies', 'storage'] as const).filter((kind) =>
    booleanOption(issues, kind, options[kind], kind !== 'cache'),
  )

  if (kinds.length === 0)
    issues.add('', 'deletes nothing; set at least one of cookies, storage and cache to true')
  return kinds.map((kind) => `"${kind}"`).join(', ')
}
