import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CookieOptions,
  cookieSettings,
  expireCookie,
  parseSetCookie,
  readCookies,
  serializeCookie,
} from '../../src/cookie/index.ts'
import { createIssues } from '../../src/options/index.ts'

const settings = cookieSettings({}, createIssues())
const octets =
  "!#$%&'()*+-./0123456789:<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"

describe('serializeCookie', () => {
  it('writes name, value, Max-Age and the attributes', () => {
    expect(serializeCookie(settings, 'abc', 28_800)).toEqual({
      name: '__Host-session',
      value: 'abc',
      header: '__Host-session=abc; Max-Age=28800; Path=/; Secure; HttpOnly; SameSite=Lax',
      attributes: { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: 28_800 },
    })
  })

  it('leaves Max-Age out of a cookie that ends with the browser', () => {
    const cookie = serializeCookie(settings, 'abc', undefined)
    expect(cookie.header).toBe('__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax')
    expect('maxAge' in cookie.attributes).toBe(false)
  })

  it.each([
    [1, 1],
    [1.9, 1],
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
    [Number.POSITIVE_INFINITY, 34_560_000],
    [0, 0],
    [-5, 0],
    [Number.NaN, 0],
  ])('sends a Max-Age of %d as %i', (given, sent) => {
    const cookie = serializeCookie(settings, 'a', given)
    expect(cookie.header).toContain(`; Max-Age=${sent};`)
    expect(cookie.attributes.maxAge).toBe(sent)
  })

  // A browser drops 4,097 bytes without a word: the user would be signed out, nobody would know why.
  it('takes 4,096 bytes of name and value, and at one more says the size, the limit and what to do', () => {
    const room = 4096 - '__Host-session'.length
    expect(serializeCookie(settings, 'a'.repeat(room), undefined).value.length).toBe(room)
    let thrown: unknown
    try {
      serializeCookie(settings, 'a'.repeat(room + 1), undefined)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ name: 'PortcullisError', code: 'ERR_COOKIE_TOO_LARGE' })
    expect((thrown as Error).message).toBe(
      'cookie __Host-session has 4097 bytes in name and value, more than the 4096 that browsers keep; ' +
        'put less into the session, or use stored sessions, whose cookie holds only an id',
    )
  })

  it('accepts cookie-octets and nothing else, and never shows the value', () => {
    expect(serializeCookie(settings, octets, undefined).value).toBe(octets)
    for (let code = 0; code < 0x180; code++) {
      const char = String.fromCharCode(code)
      if (octets.includes(char)) continue
      let thrown: unknown
      try {
        serializeCookie(settings, `secret${char}x`, undefined)
      } catch (error) {
        thrown = error
      }
      expect([code, (thrown as { code?: string } | undefined)?.code]).toEqual([
        code,
        'ERR_COOKIE_INVALID',
      ])
      expect((thrown as Error).message).not.toContain('secret')
    }
  })

  it('writes an empty value', () => {
    expect(serializeCookie(settings, '', undefined).header).toBe(
      '__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax',
    )
  })

  it('writes what a browser reads back, and sends back to us', () => {
    const value = fc.string({ unit: fc.constantFrom(...octets), maxLength: 300 })
    fc.assert(
      fc.property(
        value,
        fc.option(fc.integer({ min: 1, max: 34_560_000 }), { nil: undefined }),
        (text, maxAge) => {
          const cookie = serializeCookie(settings, text, maxAge)
          const parsed = parseSetCookie(cookie.header)
          expect([parsed?.name, parsed?.value]).toEqual(['__Host-session', text])
          expect(parsed?.attributes.find(([name]) => name === 'max-age')?.[1]).toBe(
            maxAge?.toString(),
          )
          expect(
            readCookies(`a=1; ${parsed?.name}=${parsed?.value}; b=2`, '__Host-session'),
          ).toEqual([text])
        },
      ),
    )
  })
})

describe('expireCookie', () => {
  it.each<[CookieOptions, string]>([
    [
      {},
      '__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { path: '/app', domain: 'shop.example', sameSite: 'none', partitioned: true },
      '__Secure-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Domain=shop.example; ' +
        'Secure; HttpOnly; SameSite=None; Partitioned',
    ],
    [
      { insecurePlainHttp: true },
      'session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax',
    ],
  ])('of %j keeps what identifies the cookie', (options, header) => {
    const expired = expireCookie(cookieSettings(options, createIssues()))
    expect(expired.header).toBe(header)
    expect(expired.value).toBe('')
    expect(expired.attributes.maxAge).toBe(0)
  })
})
