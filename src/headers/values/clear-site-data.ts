/** Clear-Site-Data: what a browser forgets at a logout. */
import { booleanOption, checkKeys, type Issues } from '../../options/index.ts'

/** What is forgotten. */
export interface ClearSiteDataOptions {
  /** Cookies of the host's whole registrable domain, subdomains included. Default true. */
  readonly cookies?: boolean
  /** Local and session storage, IndexedDB, service workers of this origin. Default true. */
  readonly storage?: boolean
  /** The HTTP cache of this origin. Default false: Chromium can take half a minute over it, and pages wait. */
  readonly cache?: boolean
}

/** The header's value: quoted strings in a list. */
export function clearSiteDataValue(issues: Issues, value: unknown): string {
  checkKeys(issues, value, ['cookies', 'storage', 'cache'])
  const options: ClearSiteDataOptions = { ...(value as object) }
  const kinds = (['cache', 'cookies', 'storage'] as const).filter((kind) =>
    booleanOption(issues, kind, options[kind], kind !== 'cache'),
  )

  if (kinds.length === 0) issues.add('', 'clears nothing')
  return kinds.map((kind) => `"${kind}"`).join(', ')
}
