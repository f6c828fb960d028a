/**
 * Tells which cookies are the login's own, those of attempts among them, whose names are random.
 * `handler.ts` creates the set, so that a gateway removes these cookies from forwarded requests.
 * It is pure.
 */

/** Every attempt, count and pause of a login begins so, and nothing of an application should. */
const beginnings = ['__Host-login-', '__Secure-login-'] as const
/** The same without prefixes, on plain http: exactly the names that a login makes. */
const plainName = /^login-(?:[0-9a-z]{6}[\w-]{6}|turns|none|hint-\d)$/

/** A set that holds beginnings, too: a name that ends with a dash stands for every name that begins with it. */
class LoginCookieNames extends Set<string> {
  readonly #isPlain: boolean

  constructor(names: Iterable<string>, isPlain: boolean) {
    super(names)
    this.#isPlain = isPlain
    for (const one of isPlain ? ['login-'] : beginnings) this.add(one)
  }

  override has(name: string): boolean {
    if (super.has(name)) return true
    return this.#isPlain
      ? plainName.test(name)
      : beginnings.some((beginning) => name.startsWith(beginning))
  }
}

/** Creates the set. `isPlain`: cookies have no prefix, since the site is on plain http. */
export function createCookieNames(names: Iterable<string>, isPlain: boolean): ReadonlySet<string> {
  return new LoginCookieNames(names, isPlain)
}
