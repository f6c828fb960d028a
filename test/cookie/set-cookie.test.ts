import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cookieSettings,
  expireCookie,
  type HardenOptions,
  hardenSetCookie,
  isExpiring,
  parseSetCookie,
  replaceSetCookie,
  serializeCookie,
} from '../../src/cookie/index.ts'
import { createIssues } from '../../src/options/index.ts'
import vectors from '../vectors/cookie.json' with { type: 'json' }
import cookieDates from '../vectors/cookie-dates.json' with { type: 'json' }

const settings = cookieSettings({}, createIssues())
const now = Date.parse('2026-11-20T12:00:00Z')
const gateway: HardenOptions = {
  secure: true,
  upstreamHost: 'app.internal:8080',
  ownNames: new Set(['__Host-session', '__Host-device']),
}

describe('replaceSetCookie', () => {
  const after = (before: string[]): string[] => {
    const headers = new Headers()
    for (const text of before) headers.append('Set-Cookie', text)
    replaceSetCookie(headers, serializeCookie(settings, 'new', undefined))
    return headers.getSetCookie()
  }
  const ours = '__Host-session=new; Path=/; Secure; HttpOnly; SameSite=Lax'

  it.each<[string[], string[]]>([
    [[], [ours]],
    [
      ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
      ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT', ours],
    ],
    [['__Host-session=old; Path=/; Secure'], [ours]],
    [
      ['a=1', '__Host-session=old', 'b=2', '__Host-session=older'],
      ['a=1', 'b=2', ours],
    ],
    [[' __Host-session =old'], [ours]],
    [['__host-session=x'], ['__host-session=x', ours]],
    [
      ['__Host-session2=x', 'a=__Host-session=x', '__Host-session', 'b; c=__Host-session=1'],
      ['__Host-session2=x', 'a=__Host-session=x', '__Host-session', 'b; c=__Host-session=1', ours],
    ],
  ])('over %j leaves %j', (before, left) => {
    expect(after(before)).toEqual(left)
  })

  it('keeps one cookie per name, whatever is set how often', () => {
    const headers = new Headers({ 'X-Other': '1' })
    replaceSetCookie(headers, serializeCookie(settings, 'one', 60))
    replaceSetCookie(
      headers,
      serializeCookie(cookieSettings({ name: 'device' }, createIssues()), 'd', 60),
    )
    replaceSetCookie(headers, expireCookie(settings))
    expect(headers.getSetCookie()).toEqual([
      '__Host-device=d; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax',
      '__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    ])
    expect(headers.get('x-other')).toBe('1')
  })
})

describe('parseSetCookie', () => {
  it.each(vectors.setCookie)('reads $text: $source', ({ text, is }) => {
    expect(parseSetCookie(text)).toEqual(is ?? undefined)
  })

  it('reads 4,096 bytes of name and value, and ignores the cookie above', () => {
    expect(parseSetCookie(`a=${'1'.repeat(4095)}`)?.value.length).toBe(4095)
    expect(parseSetCookie(`a=${'1'.repeat(4096)}`)).toBe(undefined)
    expect(parseSetCookie('1'.repeat(4097))).toBe(undefined)
  })

  it('ignores an attribute whose value is longer than 1,024 bytes', () => {
    expect(parseSetCookie(`a=1; Path=/${'x'.repeat(1023)}; Secure`)?.attributes.length).toBe(2)
    expect(parseSetCookie(`a=1; Path=/${'x'.repeat(1024)}; Secure`)?.attributes).toEqual([
      ['secure', ''],
    ])
  })

  it('throws at nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseSetCookie(text)
        if (parsed) expect(parsed.name.length + parsed.value.length > 0).toBe(true)
      }),
    )
  })
})

describe('isExpiring', () => {
  it.each(vectors.expiring)('$text: $is, $source', ({ text, is }) => {
    const parsed = parseSetCookie(text)
    expect(parsed && isExpiring(parsed, now)).toBe(is)
  })

  // Set-Cookie: sid=x; Expires=0 sets a cookie; one that ended in CET has ended: Date.parse says neither.
  it.each(cookieDates.dates)(
    'T12: reads the date $text as browsers do: $source',
    ({ text, is }) => {
      const parsed = parseSetCookie(`a=1; Expires=${text}`)
      const end = is === null ? undefined : Date.parse(is)
      expect(parsed && isExpiring(parsed, end ?? Number.MAX_SAFE_INTEGER)).toBe(end !== undefined)
      expect(parsed && isExpiring(parsed, (end ?? 0) - 1)).toBe(false)
    },
  )

  it.each([
    ['a=1; Max-Age=60; Max-Age=x', false],
    ['a=1; Max-Age=0; Max-Age=+60', true],
    ['a=1; Max-Age=; Expires=Thu, 01 Jan 1970 00:00:00 CET', true],
    ['a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', false],
    ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=soon', true],
    ['a=1; Expires=0', false],
    ['a=1; Expires=-1', false],
  ])('T12: %s ends its cookie: %s', (text, is) => {
    const parsed = parseSetCookie(text)
    expect(parsed && isExpiring(parsed, now)).toBe(is)
  })

  it('asks the clock it is given', () => {
    const parsed = parseSetCookie('a=1; Expires=Fri, 20 Nov 2026 12:00:00 GMT') ?? {
      name: '',
      value: '',
      attributes: [],
    }
    expect(isExpiring(parsed, now - 1)).toBe(false)
    expect(isExpiring(parsed, now)).toBe(true)
  })
})

describe('hardenSetCookie', () => {
  it.each(vectors.harden)('makes $is of $text: $source', ({ text, is }) => {
    expect(hardenSetCookie(text, gateway)).toBe(is ?? undefined)
  })

  it('adds no Secure where the client speaks plain http', () => {
    expect(hardenSetCookie('id=1', { ...gateway, secure: false })).toBe('id=1; SameSite=Lax')
    expect(hardenSetCookie('id=1; Secure', { ...gateway, secure: false })).toBe(
      'id=1; Secure; SameSite=Lax',
    )
  })

  it('adds Secure beside one that a browser ignores', () => {
    const ignored = `id=1; Secure=${'x'.repeat(1025)}; SameSite=Lax`
    expect(hardenSetCookie(ignored, gateway)).toBe(`${ignored}; Secure`)
  })

  it('knows an upstream without a port, and names without a prefix', () => {
    const plain = { secure: false, upstreamHost: 'App.Internal', ownNames: new Set(['session']) }
    expect(hardenSetCookie('id=1; Domain=app.internal; SameSite=Lax', plain)).toBe(
      'id=1; SameSite=Lax',
    )
    expect(hardenSetCookie('session=1', plain)).toBe(undefined)
    expect(hardenSetCookie('=session=1', plain)).toBe(undefined)
    expect(hardenSetCookie('note=1, session expired; SameSite=Lax', plain)).toBe(
      'note=1, session expired; SameSite=Lax',
    )
  })

  it('passes nothing on that comes back to us under our name, and hardens all else', () => {
    const part = fc.constantFrom(
      '__Host-session',
      '__HOST-SESSION',
      'a',
      '=',
      '=',
      ';',
      ' ',
      '\t',
      'Secure',
      'Domain',
      'x',
      ',',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        const hardened = hardenSetCookie(parts.join(''), gateway)
        if (hardened === undefined) return
        const parsed = parseSetCookie(hardened)
        expect(parsed).not.toBe(undefined)
        const sentBack = parsed?.name ? `${parsed.name}=${parsed.value}` : (parsed?.value ?? '')
        expect(/^__host-session(?:=|$)/i.test(sentBack)).toBe(false)
        expect(parsed?.attributes.some(([name]) => name === 'secure')).toBe(true)
        expect(parsed?.attributes.some(([name]) => name === 'samesite')).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
