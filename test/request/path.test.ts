import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPath, decodePath, foldPath } from '../../src/request/index.ts'
import vectors from '../vectors/path.json' with { type: 'json' }

const refused = { ok: false, reason: 'path-not-canonical' }

/** Text that is near what parsers trip over. */
const crooked = fc
  .array(
    fc.constantFrom(
      ...'/ // . .. ./ ../ %2e %2E %2f %5c %25 %252e %61 %00 %09 %7f %20 %3b %40 %c3%a9 %c3 %ff % ; ..; a B 1 - _ ~'.split(
        ' ',
      ),
      ...[
        '\\',
        '?',
        '#',
        '@',
        ':',
        '!',
        '$',
        '&',
        "'",
        '(',
        ')',
        '*',
        '+',
        ',',
        '=',
        '[',
        ']',
        '|',
        '^',
        '`',
        '{',
        '"',
      ],
      ...[' ', '\t', '\n', '\0', '\u007f', 'é', '\ud800', '%4', '%u002e'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
const anything = fc.oneof(
  crooked,
  fc.string({ unit: 'binary' }),
  fc.webPath(),
  fc.webUrl().map((url) => url.slice(9)),
)

describe('canonicalPath', () => {
  it.each(vectors.accepted)('accepts $url: $source', ({ url, path, search }) => {
    expect(canonicalPath(url)).toEqual({ ok: true, path, search })
    expect(new URL(url).pathname).toBe(path)
  })

  // curl --path-as-is https://shop.example//evil.example, hoping for `Location: //evil.example`
  it.each(vectors.mendable)('offers $redirect for $path: $source', ({ path, redirect }) => {
    expect(canonicalPath(`https://shop.example${path}`)).toEqual({ ...refused, redirect })
    expect(canonicalPath(`https://shop.example${redirect}`).ok).toBe(true)
    expect(new URL(redirect, 'https://shop.example').host).toBe('shop.example')
  })

  // curl --path-as-is https://shop.example/pub/%2e%2e/admin/x
  it.each(vectors.refused)('refuses $path, and offers nothing: $source', ({ path }) => {
    expect(canonicalPath(`https://shop.example${path}`)).toStrictEqual(refused)
  })

  it.each(vectors.refusedUrls)('refuses the url $url: $source', ({ url }) => {
    expect(canonicalPath(url)).toStrictEqual(refused)
  })

  it('takes 8,192 characters of url and not one more', () => {
    const url = `https://shop.example/${'a'.repeat(8192 - 21)}`
    expect(url.length).toBe(8192)
    expect(canonicalPath(url).ok).toBe(true)
    expect(canonicalPath(`${url}a`)).toEqual({ ok: false, reason: 'url-too-long' })
    expect(canonicalPath(`https://shop.example/?${'a'.repeat(8192)}`)).toEqual({
      ok: false,
      reason: 'url-too-long',
    })
  })

  it.each([
    ['/a;b=1/c', true],
    ['/a;b/c;d', true],
    ['/a%3Bb', true],
    ['/a.;b', true],
    ['/x/..;/admin', false],
    ['/x/..;a=b/admin', false],
    ['/x/.;/admin', false],
    ['/x/...;/admin', false],
    ['/x/..%3b/admin', false],
    ['/x/..%3B/admin', false],
    ['/x/%2e%2e;/admin', false],
    ['/x/%2e.%3b/admin', false],
    ['/;a/admin', false],
    ['/%3ba/admin', false],
    ['/a//;b', false],
  ])('with allowSemicolon, %s is served: %s', (path, served) => {
    expect(canonicalPath(`https://shop.example${path}`, { allowSemicolon: true }).ok).toBe(served)
    expect(canonicalPath(`https://shop.example${path}`).ok).toBe(false)
  })

  it('accepts only what a URL parser reads as the same path', () => {
    fc.assert(
      fc.property(anything, fc.boolean(), (tail, allowSemicolon) => {
        const url = `https://shop.example/${tail}`
        const result = canonicalPath(url, { allowSemicolon })
        if (!result.ok) return
        expect(new URL(url).pathname.replaceAll('^', '%5E')).toBe(result.path)
        expect(new URL(result.path + result.search, 'https://shop.example').host).toBe(
          'shop.example',
        )
        expect(new URL(result.path, 'https://shop.example').pathname).toBe(result.path)
        // However often it is decoded, no segment appears.
        const decoded = decodePath(result.path)
        expect(decoded.split('/').length).toBe(result.path.split('/').length)
        expect(decoded.split('/').some((segment) => segment === '.' || segment === '..')).toBe(
          false,
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('offers only redirects that it accepts, on the same host, to the path a decoder would read', () => {
    fc.assert(
      fc.property(anything, fc.boolean(), (tail, allowSemicolon) => {
        const result = canonicalPath(`https://shop.example/${tail}`, { allowSemicolon })
        if (result.ok || result.redirect === undefined) return
        const url = new URL(result.redirect, 'https://shop.example')
        expect(url.host).toBe('shop.example')
        const { path, search } = canonicalPath(url.origin + result.redirect, {
          allowSemicolon,
        }) as {
          path: string
          search: string
        }
        expect(path + search).toBe(result.redirect)
        const asked = `/${tail}`.split(/[?#]/, 1)[0] ?? ''
        expect(decodeURIComponent(path)).toBe(decodeURIComponent(asked).replaceAll(/\/+/g, '/'))
        expect(/^[!-~]+$/.test(result.redirect)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('never throws', () => {
    const judge = (url: string): void => {
      expect(typeof canonicalPath(url).ok).toBe('boolean')
    }
    fc.assert(fc.property(fc.string({ unit: 'binary' }), judge))
    fc.assert(fc.property(crooked, (tail) => judge(`http:/${tail}`)))
  })
})

describe('decodedPath', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/a%40b', '/a@b'],
    ['/caf%C3%A9', '/café'],
    ['/caf%c3%a9', '/café'],
    ['/100%25', '/100%'],
    ['/%zz', '/%zz'],
  ])('of %s is %s', (path, decoded) => {
    expect(decodePath(path)).toBe(decoded)
  })
})

describe('foldedPath', () => {
  // GET /ADMIN, /admin./ and /admin%20 reach /admin on IIS and other Windows servers.
  it.each([
    ['/', '/'],
    ['/admin', '/admin'],
    ['/ADMIN/x', '/admin/x'],
    ['/Admin/', '/admin'],
    ['/admin.', '/admin'],
    ['/admin.../', '/admin'],
    ['/admin%20', '/admin'],
    ['/admin%20./X%20', '/admin/x'],
    ['/.../admin', '/admin'],
    ['/%20/admin', '/admin'],
    ['/admin/.json', '/admin/.json'],
    ['/admin.json', '/admin.json'],
    ['/%E2%84%AAelvin', '/kelvin'],
    // Java's equalsIgnoreCase takes both for their ASCII neighbours, Windows code pages the third, file systems of macOS the fourth.
    ['/%C5%BFettings', '/settings'],
    ['/adm%C4%B1n', '/admin'],
    ['/%EF%BD%81dmin', '/admin'],
    ['/cafe%CC%81', '/caf\u00e9'],
    ['/caf%C3%89', '/caf\u00e9'],
  ])('of %s is %s', (path, folded) => {
    expect(foldPath(path)).toBe(folded)
  })

  it('takes no longer for long runs of dots than for other text', () => {
    expect(foldPath(`/${'.'.repeat(8000)}x`)).toBe(`/${'.'.repeat(8000)}x`)
  })
})
