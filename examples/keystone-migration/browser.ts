/** A browser as far as this example needs one: it keeps cookies and sends them back. */

/** Asks an app and shows what became of the cookies. */
export interface Browser {
  readonly cookies: Map<string, string>
  ask(method: string, path: string): Promise<{ status: number; text: string }>
  /** Keeps or removes a cookie as a Set-Cookie header says. */
  take(setCookie: string): void
}

/** A browser in front of an app: no server and no port. */
export function browserOf(app: {
  request(url: string, init: RequestInit): Response | Promise<Response>
}): Browser {
  const cookies = new Map<string, string>()
  const take = (setCookie: string): void => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? []
    if (/; Max-Age=0(?:;|$)/.test(setCookie)) cookies.delete(name)
    else cookies.set(name, value)
  }
  return {
    cookies,
    take,
    async ask(method, path) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await app.request(`https://app.example.com${path}`, {
        method,
        headers: { cookie },
      })
      for (const each of response.headers.getSetCookie()) take(each)
      return { status: response.status, text: await response.text() }
    },
  }
}
