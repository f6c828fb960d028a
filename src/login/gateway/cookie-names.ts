/**
 * Creates the set of cookie names that belong to the login of a gateway. `handler.ts` creates it, and
 * the gateway removes the cookies in it from forwarded requests and from responses of upstreams.
 *
 * The cookies of attempts have random names, so `has` also accepts names by their beginning; the other
 * methods of `Set`, such as `size` and iteration, know only the listed names. On https every cookie
 * that begins with `__Host-login-` or `__Secure-login-` counts, one of an application too. No function
 * here throws.
 */

/** The cookies of a login for attempts, loops and pauses begin with one of these. Applications should not use them. */
const beginnings = ['__Host-login-', '__Secure-login-'] as const
/** The names on plain http, where cookies have no prefix: exactly those that a login creates. */
const plainName = /^login-(?:[0-9a-z]{6}[\w-]{6}|turns|none|hint-\d)$/

/** A set of names and beginnings. A listed name that ends with a dash tells readers that all names may follow it. */
class LoginCookieNames extends Set<string> {
  readonly #isPlain: boolean

  constructor(names: Iterable<string>, isPlain: boolean) {
    super(names)
    this.#isPlain = isPlain
    for (const beginning of isPlain ? ['login-'] : beginnings) this.add(beginning)
  }

  override has(name: string): boolean {
    if (super.has(name)) return true
    return this.#isPlain
      ? plainName.test(name)
      : beginnings.some((beginning) => name.startsWith(beginning))
  }
}

/** Creates the set. `isPlain` means that cookies have no prefix, because the site is on plain http. */
export function createCookieNames(names: Iterable<string>, isPlain: boolean): ReadonlySet<string> {
  return new LoginCookieNames(names, isPlain)
}
