import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import {
  type HeaderOptions,
  headerWriter,
  type Preset,
  secureHeaders,
} from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'
import owasp from '../vectors/owasp-headers.json' with { type: 'json' }

function headers(options: HeaderOptions, type = 'text/html', https = true): Record<string, string> {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  const response = new Response(null, { headers: { 'Content-Type': type } })
  const answer = write(response, { https, host: 'app.example', nonce: 'N' })
  answer.headers.delete('Content-Type')
  return Object.fromEntries(answer.headers)
}

/** Directives or features of a header, in no order. */
function parts(value: string | undefined, separator: string): Set<string> {
  return new Set(value?.split(separator).map((part) => part.trim()))
}

describe('preset recommended', () => {
  it.each(['text/html', 'application/json', 'text/css', 'text/javascript'])(
    'is the default for %s',
    (type) => {
      expect(headers({ preset: 'recommended' }, type)).toEqual(headers({}, type))
    },
  )
})

describe('preset strict', () => {
  it('differs from recommended in what it says of referrers, frames, pictures, names and old plugins', () => {
    const [strict, recommended] = [headers({ preset: 'strict' }), headers({})]
    const differing = Object.keys(strict).filter((name) => strict[name] !== recommended[name])
    expect(differing.sort()).toEqual([
      'content-security-policy',
      'referrer-policy',
      'x-dns-prefetch-control',
      'x-permitted-cross-domain-policies',
    ])
    expect(strict['referrer-policy']).toBe('same-origin')
    const [theirs, ours] = [strict, recommended].map((set) =>
      parts(set['content-security-policy'], ';'),
    )
    expect([...(theirs ?? [])].filter((part) => !ours?.has(part))).toEqual([
      "img-src 'self'",
      "frame-src 'none'",
    ])
  })
})

describe('preset api', () => {
  it('says of data what matters for data', () => {
    expect(headers({ preset: 'api' }, 'application/json')).toEqual({
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy':
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    })
  })

  // A value echoed by an endpoint that somebody gave the wrong type: <script>alert(1)</script>
  it('lets a document do nothing', () => {
    expect(headers({ preset: 'api' })['content-security-policy']).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; sandbox; frame-ancestors 'none'",
    )
  })
})

describe('preset owasp', () => {
  const ours = headers({ preset: 'owasp' })

  it('has every value of the list of 2026-07-19, but what belongs to a logout', () => {
    for (const [name, value] of Object.entries(owasp.add)) {
      if (name === 'clear-site-data') expect(ours[name]).toBe(undefined)
      else if (name === 'content-security-policy')
        expect(parts(ours[name], ';')).toEqual(parts(value, ';'))
      else if (name !== 'permissions-policy')
        expect(ours[name]?.toLowerCase()).toBe(value.toLowerCase())
    }
  })

  it('denies every feature of the list, and more', () => {
    const [theirs, all] = [
      parts(owasp.add['permissions-policy'], ','),
      parts(ours['permissions-policy'], ','),
    ]
    expect([...theirs].filter((feature) => !all.has(feature))).toEqual([])
    expect(all.size).toBeGreaterThan(theirs.size)
  })

  // What no-store would make browsers load again with every page.
  it('leaves caches to files', () => {
    expect(headers({ preset: 'owasp' }, 'text/css')).not.toHaveProperty('cache-control')
    expect(headers({ preset: 'owasp' }, 'application/json')['cache-control']).toBe(
      'no-store, max-age=0',
    )
  })

  it('is met or exceeded by recommended, but for what breaks pages or caches', () => {
    const recommended = headers({})
    const weaker = ['cache-control', 'clear-site-data', 'cross-origin-embedder-policy']
    const dropped = ['x-permitted-cross-domain-policies', 'permissions-policy']
    // Over https browsers do it by themselves, and it is not said.
    const overHttp = ['x-dns-prefetch-control']
    expect(overHttp.filter((name) => recommended[name] !== undefined)).toEqual([])
    const plain = headers({}, 'text/html', false)
    const other = ['referrer-policy', 'content-security-policy']
    for (const [name, value] of Object.entries(owasp.add)) {
      if ([...weaker, ...dropped, ...other].includes(name)) continue
      const said = overHttp.includes(name) ? plain : recommended
      expect(said[name]?.toLowerCase()).toBe(value.toLowerCase())
    }
    // default-src 'none' in place of 'self', base-uri 'none' in place of 'self'; the rest as it is.
    const policy = parts(recommended['content-security-policy'], ';')
    const want = [
      "default-src 'none'",
      "form-action 'self'",
      "base-uri 'none'",
      "object-src 'none'",
    ]
    for (const directive of [...want, "frame-ancestors 'none'", 'upgrade-insecure-requests']) {
      expect(policy).toContain(directive)
    }
  })
})

describe('preset compat', () => {
  // helmet 8.3.0, helmet()(req, res), read from its source.
  it('has the values of helmet', () => {
    const { 'content-security-policy': policy, ...rest } = headers({ preset: 'compat' })
    expect(parts(policy, ';')).toEqual(
      parts(
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';" +
          "img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';" +
          "style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
        ';',
      ),
    )
    expect(rest).toEqual({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-dns-prefetch-control': 'off',
      'x-download-options': 'noopen',
      'x-frame-options': 'SAMEORIGIN',
      'x-permitted-cross-domain-policies': 'none',
      'x-xss-protection': '0',
    })
  })
})

describe('options beside a preset', () => {
  it.each<Preset>(['recommended', 'strict', 'api', 'owasp', 'compat'])(
    'win over %s, one by one',
    (preset) => {
      const set = headers({ preset, referrerPolicy: 'origin', xFrameOptions: false })
      const { 'referrer-policy': referrer, 'x-frame-options': frames, ...rest } = set
      expect([referrer, frames]).toEqual(['origin', undefined])
      const { 'referrer-policy': _, 'x-frame-options': __, ...preserved } = headers({ preset })
      expect(Object.keys(rest).sort()).toEqual(Object.keys(preserved).sort())
    },
  )

  it.each([
    ['strickt', 'must be one of recommended, strict, api, owasp, compat; did you mean strict?'],
    ['constructor', 'must be one of recommended, strict, api, owasp, compat'],
    [7, 'must be one of recommended, strict, api, owasp, compat'],
  ])('%s is refused', (preset, says) => {
    expect(() => secureHeaders({ preset: preset as Preset })).toThrow(ConfigError)
    expect(() => secureHeaders({ preset: preset as Preset })).toThrow(says)
  })
})
