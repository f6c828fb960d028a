import { describe, expect, it } from 'vitest'
import {
  type CookieOptions,
  type CookieSettings,
  cookieNamePrefix,
  cookieOptionKeys,
  cookieSettings,
  expireCookie,
  type ForeignCookie,
  foreignCookieSettings,
  isToken,
  serializeCookie,
} from '../../src/cookie/index.ts'
import { createIssues } from '../../src/options/index.ts'

function built(options: CookieOptions): CookieSettings {
  const faults = createIssues()
  const settings = cookieSettings(options, faults)
  faults.throwIfAny()
  return settings
}

/** What is wrong with options, as the words of the ConfigError. */
function wrong(options: unknown): string {
  const faults = createIssues('session')
  cookieSettings(options as CookieOptions, faults)
  try {
    faults.throwIfAny()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing'
}

describe('cookieSettings', () => {
  it.each<[CookieOptions, string]>([
    [{}, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ name: 'sid' }, '__Host-sid=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ path: '/' }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ path: '/app' }, '__Secure-session=v; Path=/app; Secure; HttpOnly; SameSite=Lax'],
    [
      { domain: 'shop.example' },
      '__Secure-session=v; Path=/; Domain=shop.example; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { domain: 'Shop.EXAMPLE' },
      '__Secure-session=v; Path=/; Domain=shop.example; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { domain: 'xn--bcher-kva.example' },
      '__Secure-session=v; Path=/; Domain=xn--bcher-kva.example; Secure; HttpOnly; SameSite=Lax',
    ],
    [{ secure: true }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ httpOnly: false }, '__Host-session=v; Path=/; Secure; SameSite=Lax'],
    [{ sameSite: true }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Strict'],
    [{ sameSite: 'strict' }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Strict'],
    [{ sameSite: 'lax' }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ sameSite: 'none' }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=None'],
    [{ sameSite: false }, '__Host-session=v; Path=/; Secure; HttpOnly'],
    [
      { partitioned: true, sameSite: 'none' },
      '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=None; Partitioned',
    ],
    [{ insecurePlainHttp: true }, 'session=v; Path=/; HttpOnly; SameSite=Lax'],
    [{ insecurePlainHttp: true, secure: false }, 'session=v; Path=/; HttpOnly; SameSite=Lax'],
    [
      { insecurePlainHttp: true, path: '/a', domain: 'lan.example' },
      'session=v; Path=/a; Domain=lan.example; HttpOnly; SameSite=Lax',
    ],
    [{ insecurePlainHttp: false }, '__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
  ])('%j is sent as %s', (options, header) => {
    expect(serializeCookie(built(options), 'v', undefined).header).toBe(header)
  })

  it('knows the name with and without prefix, and the attributes as data', () => {
    expect(built({ name: 'sid', path: '/app', sameSite: false })).toMatchObject({
      name: '__Secure-sid',
      bare: 'sid',
      attributes: { path: '/app', secure: true, httpOnly: true },
    })
    expect(Object.keys(built({}).attributes).sort()).toEqual([
      'httpOnly',
      'path',
      'sameSite',
      'secure',
    ])
  })

  it('takes undefined for absent', () => {
    const absent = Object.fromEntries(cookieOptionKeys.map((key) => [key, undefined]))
    expect(built(absent)).toEqual(built({}))
  })

  it.each<[unknown, string]>([
    [{ name: '' }, "session.name must be a token: letters, digits and !#$%&'*+-.^_`|~"],
    [{ name: 'a b' }, 'session.name must be a token'],
    [{ name: 'a=b' }, 'session.name must be a token'],
    [{ name: 'a;b' }, 'session.name must be a token'],
    [{ name: 'a,b' }, 'session.name must be a token'],
    [{ name: 'sitzung\n' }, 'session.name must be a token'],
    [{ name: 'sitzüng' }, 'session.name must be a token'],
    [{ name: '"a"' }, 'session.name must be a token'],
    [{ name: 7 }, 'session.name must be a token'],
    [{ name: 'a'.repeat(257) }, 'session.name must be at most 256 characters long'],
    [
      { name: '__Host-session' },
      'session.name must be given without its prefix: __Host- or __Secure- is added',
    ],
    [
      { name: '__host-session' },
      'session.name must be given without its prefix: __Host- or __Secure- is added',
    ],
    [
      { name: '__SECURE-session' },
      'session.name must be given without its prefix: __Host- or __Secure- is added',
    ],
    [
      { name: '__Http-session' },
      'session.name must be given without its prefix: __Host- or __Secure- is added',
    ],
    [
      { name: '__Host-Http-session' },
      'session.name must be given without its prefix: __Host- or __Secure- is added',
    ],
    [{ name: 'Http-session' }, 'session.name must not begin with Http-'],
    [{ path: 'app' }, 'session.path must begin with /'],
    [{ path: '' }, 'session.path must begin with /'],
    [{ path: 5 }, 'session.path must begin with /'],
    [
      { path: '/a;Domain=evil.example' },
      'session.path must be printable ASCII without spaces, ;, ? and #',
    ],
    [{ path: '/a\r\nb' }, 'session.path must be printable ASCII without spaces, ;, ? and #'],
    [{ path: '/a b' }, 'session.path must be printable ASCII without spaces, ;, ? and #'],
    [{ path: '/a?b' }, 'session.path must be printable ASCII without spaces, ;, ? and #'],
    [{ path: '/a#b' }, 'session.path must be printable ASCII without spaces, ;, ? and #'],
    [{ path: '/ä' }, 'session.path must be printable ASCII without spaces, ;, ? and #'],
    [{ path: `/${'a'.repeat(1024)}` }, 'session.path must be at most 1024 bytes long'],
    [
      { domain: '.shop.example' },
      'session.domain must not begin with a dot: subdomains are included without it',
    ],
    [{ domain: 'shop.example:443' }, 'session.domain must be a host name without a port'],
    [{ domain: 'https://shop.example' }, 'session.domain must be a host name without a port'],
    [{ domain: '[::1]' }, 'session.domain must be a host name without a port'],
    [
      { domain: 'localhost' },
      'session.domain must have at least two labels; leave it out for this host only',
    ],
    [
      { domain: '' },
      'session.domain must have at least two labels; leave it out for this host only',
    ],
    [
      { domain: '192.0.2.1' },
      'session.domain must not be an IP address; leave it out for this host only',
    ],
    [
      { domain: 'shop.example.' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: 'shop..example' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: '-shop.example' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: 'shop-.example' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: '*.shop.example' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: 'shop.example; Path=/' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: 'bücher.example' },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [
      { domain: `${'a'.repeat(64)}.example` },
      'session.domain must be a host name of letters, digits and hyphens',
    ],
    [{ domain: `${'a.'.repeat(126)}ab` }, 'session.domain must be at most 253 characters long'],
    [{ domain: null }, 'session.domain must be a host name'],
    [
      { secure: false },
      'for plain http on another name, in development, set insecurePlainHttp: true',
    ],
    [
      { secure: true, insecurePlainHttp: true },
      'session.secure must not be true together with insecurePlainHttp',
    ],
    [{ secure: 'yes' }, 'session.secure must be one of true, false'],
    [{ httpOnly: 1 }, 'session.httpOnly must be one of true, false'],
    [{ insecurePlainHttp: 'true' }, 'session.insecurePlainHttp must be one of true, false'],
    [{ sameSite: 'Lax' }, 'session.sameSite must be one of true, false, "strict", "lax", "none"'],
    [
      { sameSite: 'none', insecurePlainHttp: true },
      "session.sameSite must not be 'none' without Secure",
    ],
    [
      { partitioned: true, insecurePlainHttp: true },
      'session.partitioned must not be true without Secure',
    ],
    [{ partitioned: 'yes' }, 'session.partitioned must be one of true, false'],
  ])('refuses %j', (options, message) => {
    expect(wrong(options)).toContain(message)
  })

  it('names every fault at once and no value', () => {
    const words = wrong({
      name: 'se cret',
      path: 'se-cret',
      domain: '.se.cret',
      secure: false,
      sameSite: 'se cret',
    })
    for (const option of ['name', 'path', 'domain', 'secure', 'sameSite'])
      expect(words).toContain(`session.${option} `)
    expect(words).not.toMatch(/se.cret/)
  })
})

describe('foreignCookieSettings', () => {
  it.each<[ForeignCookie, string]>([
    [
      { name: 'connect.sid' },
      'connect.sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { name: 'old', path: '/app', domain: 'shop.example' },
      'old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Domain=shop.example; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { name: '__Host-old' },
      '__Host-old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { name: 'old', insecurePlainHttp: true },
      'old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax',
    ],
  ])('%j is ended by %s', (cookie, header) => {
    const faults = createIssues()
    expect(expireCookie(foreignCookieSettings(cookie, faults)).header).toBe(header)
    expect(faults.any).toBe(false)
  })

  it.each<[unknown, string]>([
    [
      { name: '__Host-old', path: '/app' },
      'name begins with __Host-, so it has Path=/ and no Domain',
    ],
    [
      { name: '__host-http-old', domain: 'shop.example' },
      'name begins with __Host-, so it has Path=/ and no Domain',
    ],
    [
      { name: '__Secure-old', insecurePlainHttp: true },
      'name has a prefix, so it was set with Secure',
    ],
    [{ name: 'a b' }, 'name must be a token'],
    [{}, 'name must be a token'],
    [{ name: 'a', path: 'b' }, 'path must begin with /'],
    [{ name: 'a', domain: '.b.c' }, 'domain must not begin with a dot'],
  ])('refuses %j', (cookie, message) => {
    const faults = createIssues()
    foreignCookieSettings(cookie as ForeignCookie, faults)
    expect(() => faults.throwIfAny()).toThrow(message)
  })
})

describe('prefixOf and isToken', () => {
  it.each([
    ['__Host-a', '__host-'],
    ['__HOST-a', '__host-'],
    ['__Secure-a', '__secure-'],
    ['__Http-a', '__http-'],
    ['__Host-Http-a', '__host-http-'],
    ['__Hosta', undefined],
    ['_Host-a', undefined],
    ['a__Host-', undefined],
    ['', undefined],
  ])('the prefix of %j is %j', (name, prefix) => {
    expect(cookieNamePrefix(name)).toBe(prefix)
  })

  it('a token is what RFC 9110 section 5.6.2 says', () => {
    const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    expect(isToken(token)).toBe(true)
    for (let code = 0; code < 256; code++) {
      const char = String.fromCharCode(code)
      expect([code, isToken(char)]).toEqual([code, token.includes(char)])
    }
    expect(isToken('')).toBe(false)
  })
})
