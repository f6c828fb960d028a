/**
 * Turns each kind of context (Hono, a request with headers, a cookie store such as Next's) into one cookie
 * jar, which reads the request's cookies and writes those of the response. `strategy.ts`, `sessionsBy()`
 * and the device endpoints create one for each request.
 *
 * A jar without response headers can only be read: `write` throws a `TypeError`. A cookie store returns one
 * value for each name, so doubled cookies are not seen there.
 */
import { readCookies } from '../../cookie/parse.ts'
import { replaceSetCookie } from '../../cookie/set-cookie.ts'
import type { CookieJar, CookieRequest, OutgoingCookie } from '../../types.ts'
import type { CookieStoreLike, HonoContextLike, SessionContext } from '../core/types.ts'

/** Creates the jar of a context; {@link SessionContext} lists the kinds of contexts. */
export function createCookieJar(context: SessionContext): CookieJar {
  if ('req' in context) return new HonoJar(context)
  if ('jar' in context) return context.jar
  if ('cookies' in context) return createStoreJar(context.cookies, context.env)
  return createHeaderJar(context)
}

/** A class, because one is created for each request, and creating closures would cost more than they do. */
class HonoJar implements CookieJar {
  readonly #context: HonoContextLike

  constructor(context: HonoContextLike) {
    this.#context = context
  }

  get env(): unknown {
    return this.#context.env
  }

  get context(): object {
    return this.#context
  }

  get request(): CookieRequest {
    return this.#context.req.raw
  }

  read(name: string): string[] {
    return readCookies(this.#context.req.raw.headers.get('cookie'), name)
  }

  write(cookie: OutgoingCookie): void {
    replaceSetCookie(this.#context.res.headers, cookie)
  }
}

function createHeaderJar({
  request,
  headers,
  env,
  context = request,
}: Extract<SessionContext, { readonly request: unknown }>): CookieJar {
  return {
    env,
    request,
    context,
    read: (name) => readCookies(request.headers.get('cookie'), name),
    write(cookie): void {
      if (headers === undefined)
        throw new TypeError('Pass headers: this context has no headers to set a cookie on')
      replaceSetCookie(headers, cookie)
    },
  }
}

/** Next's cookie store holds one value for each name and writes Set-Cookie itself. */
function createStoreJar(cookies: CookieStoreLike, env: unknown): CookieJar {
  return {
    env,
    read(name): string[] {
      const cookie = cookies.get(name)
      return cookie === undefined ? [] : [cookie.value]
    },
    write({ name, value, attributes }: OutgoingCookie): void {
      cookies.set(name, value, attributes)
    },
  }
}
