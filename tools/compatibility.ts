/** The compatibility date and flags of wrangler.toml, for everything that starts workerd without wrangler. */
import { readFileSync } from 'node:fs'

const toml = readFileSync(new URL('../wrangler.toml', import.meta.url), 'utf8')

/** Bare workerd refuses a date later than its own; wrangler dev hides that. */
export const compatibilityDate: string = /^compatibility_date = "([\d-]+)"/m.exec(toml)?.[1] ?? ''

/** Both flags that keep Node's names out: with one of them alone, they are there. */
export const compatibilityFlags: string[] = JSON.parse(
  /^compatibility_flags = (\[[^\]]*\])/m.exec(toml)?.[1] ?? '[]',
) as string[]

if (
  !compatibilityDate ||
  !['no_nodejs_compat', 'no_nodejs_compat_v2'].every((f) => compatibilityFlags.includes(f))
) {
  throw new Error('wrangler.toml must name a compatibility_date and both no_nodejs_compat flags')
}
