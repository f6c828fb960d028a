/** Every context a session may be asked for, reduced to one jar: cookies in, cookies out. */
import { readCookies } from '../../cookie/parse.ts'
import { replaceSetCookie } from '../../cookie/set-cookie.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { CookieStoreLike, HonoContextLike, SessionContext } from '../core/types.ts'

/** The jar of a context; see {@link SessionContext} for what a context may be. */
export function createCookieJar(context: SessionContext): CookieJar {
  if ('req' in context) return new HonoJar(context)
  if ('jar' in context) return context.jar
  if ('cookies' in context) return createStoreJar(context.cookies, context.env)
  return new HeaderJar(context.request, context.headers, context.env)
}

/** A class, since one is made for each request: closures would cost more than what they do. */
class HonoJar implements CookieJar {
  readonly #context: HonoContextLike

  constructor(context: HonoContextLike) {
    this.#context = context
  }

  get env(): unknown {
    return this.#context.env
  }

  get url(): string {
    return this.#context.req.raw.url
  }

  read(name: string): string[] {
    return readCookies(this.#context.req.raw.headers.get('cookie'), name)
  }

  write(cookie: OutgoingCookie): void {
    replaceSetCookie(this.#context.res.headers, cookie)
  }
}

class HeaderJar implements CookieJar {
  readonly env: unknown
  readonly #request: { readonly headers: Headers; readonly url?: string }
  readonly #answer: Headers | undefined

  constructor(request: { readonly headers: Headers }, answer: Headers | undefined, env: unknown) {
    this.#request = request
    this.#answer = answer
    this.env = env
  }

  get url(): string {
    return this.#request.url ?? ''
  }

  read(name: string): string[] {
    return readCookies(this.#request.headers.get('cookie'), name)
  }

  write(cookie: OutgoingCookie): void {
    if (this.#answer === undefined)
      throw new TypeError('This context has no headers to set a cookie on')
    replaceSetCookie(this.#answer, cookie)
  }
}

/** Next's cookie store keeps one value per name and serialises itself. */
function createStoreJar(cookies: CookieStoreLike, env: unknown): CookieJar {
  return {
    env,
    read(name): string[] {
      const found = cookies.get(name)
      return found === undefined ? [] : [found.value]
    },
    write({ name, value, attributes }: OutgoingCookie): void {
      cookies.set(name, value, attributes)
    },
  }
}
