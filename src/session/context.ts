/** Every context a session may be asked for, reduced to one jar: cookies in, cookies out. */
import { readCookies } from '../cookie/parse.ts'
import { replaceSetCookie } from '../cookie/set-cookie.ts'
import type { CookieJar, OutgoingCookie } from '../types.ts'
import type { CookieStoreLike, SessionContext } from './types.ts'

/** The jar of a context; see {@link SessionContext} for what a context may be. */
export function jarOf(context: SessionContext): CookieJar {
  if ('jar' in context) return context.jar
  if ('cookies' in context) return storeJar(context.cookies, context.env)
  if ('req' in context) {
    const { raw } = context.req
    // `c.res` is made only when something is written: asking for it costs a Response.
    return headerJar(raw.headers, () => context.res.headers, context.env, (raw as { url?: string }).url)
  }
  const { request, headers } = context
  return headerJar(request.headers, () => headers, context.env, (request as { url?: string }).url)
}

function headerJar(
  headers: Headers,
  answer: () => Headers | undefined,
  env: unknown,
  url: string | undefined,
): CookieJar {
  return {
    env,
    ...(url !== undefined && { url }),
    read: (name) => readCookies(headers.get('cookie'), name),
    write(cookie: OutgoingCookie): void {
      const to = answer()
      if (to === undefined) throw new TypeError('This context has no headers to set a cookie on')
      replaceSetCookie(to, cookie)
    },
  }
}

/** Next's cookie store keeps one value per name and serialises itself. */
function storeJar(cookies: CookieStoreLike, env: unknown): CookieJar {
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
