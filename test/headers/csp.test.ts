import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type ContentSecurityPolicy, headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

function policy(
  given: ContentSecurityPolicy,
  { https = true, type = 'text/html' } = {},
): string | null {
  const wrong = createIssues()
  const write = headerWriter({ contentSecurityPolicy: given, xFrameOptions: false }, wrong)
  wrong.throwIfAny()
  const response = write(new Response(null, { headers: { 'Content-Type': type } }), {
    https,
    host: 'app.example',
  })
  return response.headers.get('Content-Security-Policy')
}

function wrong(given: unknown): string {
  try {
    policy(given as ContentSecurityPolicy)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing'
}

describe('a policy of the app', () => {
  it('is sent in its own order, whichever way it is spelled', () => {
    const text = "default-src 'none'; script-src 'self' https://cdn.example; img-src 'self' data:"
    expect(
      policy({
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", 'https://cdn.example'],
        imgSrc: "'self' data:",
      }),
    ).toBe(text)
    expect(
      policy({
        'default-src': "'none'",
        'script-src': "'self'  https://cdn.example ",
        'img-src': ["'self'", 'data:'],
      }),
    ).toBe(text)
    expect(
      policy({
        'default-src': "'none'",
        scriptSrc: ["'self' https://cdn.example"],
        imgSrc: ["'self'", 'data:'],
      }),
    ).toBe(text)
  })

  it('replaces the default for documents only', () => {
    expect(policy({ defaultSrc: "'self'" }, { type: 'application/json' })).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
    )
  })

  it('upgrades over https only', () => {
    const given: ContentSecurityPolicy = { defaultSrc: "'self'", upgradeInsecureRequests: [] }
    expect(policy(given)).toBe("default-src 'self'; upgrade-insecure-requests")
    expect(policy(given, { https: false })).toBe("default-src 'self'")
  })

  it.each<[ContentSecurityPolicy, string]>([
    [{ defaultSrc: [] }, "default-src 'none'"],
    [
      { defaultSrc: null, objectSrc: "'none'", scriptSrc: "'self'" },
      "object-src 'none'; script-src 'self'",
    ],
    [{ defaultSrc: "'self'", imgSrc: undefined as never }, "default-src 'self'"],
    [{ defaultSrc: "'self'", sandbox: true }, "default-src 'self'; sandbox"],
    [
      { defaultSrc: "'self'", sandbox: 'allow-forms allow-scripts' },
      "default-src 'self'; sandbox allow-forms allow-scripts",
    ],
    [
      { defaultSrc: "'self'", upgradeInsecureRequests: true },
      "default-src 'self'; upgrade-insecure-requests",
    ],
    [
      {
        defaultSrc: "'self'",
        requireTrustedTypesFor: "'script'",
        trustedTypes: "app 'allow-duplicates'",
      },
      "default-src 'self'; require-trusted-types-for 'script'; trusted-types app 'allow-duplicates'",
    ],
    [
      { defaultSrc: "'self'", reportUri: '/csp', reportTo: 'csp' },
      "default-src 'self'; report-uri /csp; report-to csp",
    ],
    [
      { defaultSrc: "'none'", scriptSrc: "'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='" },
      "default-src 'none'; script-src 'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='",
    ],
    [
      { defaultSrc: "'self'", imgSrc: 'https: wss://*.example:* self.example' },
      "default-src 'self'; img-src https: wss://*.example:* self.example",
    ],
  ])('%j is sent as %s', (given, text) => {
    expect(policy(given)).toBe(text)
  })

  it.each<[given: unknown, says: string]>([
    [
      { scrptSrc: "'self'" },
      'contentSecurityPolicy.scrptSrc is not a directive; did you mean script-src?',
    ],
    [{ directives: { defaultSrc: "'self'" } }, 'write its members directly into the policy'],
    [{ useDefaults: true }, 'contentSecurityPolicy.useDefaults is not a directive'],
    [{ 'plugin-types': 'application/pdf' }, 'is not a directive'],
    [{ 'Default-Src': "'self'" }, 'is not a directive'],
    [{ 'default-src;': "'self'" }, 'is not a directive'],
    [{ 'default-src script-src': "'self'" }, 'is not a directive'],
    [{ '': "'self'" }, 'is not a directive'],
    [JSON.parse('{"__proto__": "x"}'), 'is not a directive'],
    [{ constructor: "'self'" }, 'is not a directive'],
    [
      { defaultSrc: "'self'", 'default-src': "'self'" },
      'default-src is set twice, in camel case and in kebab case',
    ],
    [
      { imgSrc: "'self'" },
      'contentSecurityPolicy.defaultSrc is required; write null to leave it out on purpose',
    ],
    [{}, 'contentSecurityPolicy.defaultSrc is required'],
    [{ defaultSrc: null }, 'has no directive; write false to turn the policy off'],
    [{ defaultSrc: '' }, 'contentSecurityPolicy.defaultSrc is empty'],
    [{ defaultSrc: false }, 'must be a string or a list of strings'],
    [{ defaultSrc: 0 }, 'must be a string or a list of strings'],
    [{ defaultSrc: true }, 'must be a string or a list of strings'],
    [{ defaultSrc: [1] }, 'must be a string or a list of strings'],
    [{ defaultSrc: ["'self'", () => "'self'"] }, 'must be a string or a list of strings'],
    [{ defaultSrc: 'self' }, 'has the keyword self without its single quotes'],
    [{ defaultSrc: 'NONE' }, 'has the keyword none without its single quotes'],
    [
      { defaultSrc: 'https: unsafe-inline' },
      'has the keyword unsafe-inline without its single quotes',
    ],
    [{ defaultSrc: 'sha256-abc' }, 'has a nonce or hash without its single quotes'],
    [{ defaultSrc: "'nonce-abc'" }, 'has a fixed nonce, which protects nothing'],
    [{ defaultSrc: "'selff'" }, "has a quoted word that is not a keyword; did you mean 'self'?"],
    [{ defaultSrc: "'self" }, 'has a single quote that is not closed'],
    [{ defaultSrc: "'" }, 'has a single quote that is not closed'],
    [{ defaultSrc: "'none' 'self'" }, "has 'none' beside other sources"],
    [
      { defaultSrc: "'self'", requireTrustedTypesFor: "'scripts'" },
      'has a quoted word that is not a keyword',
    ],
    // x; script-src * adds a directive, x, y a policy, and a line break a header.
    [{ defaultSrc: "'self'; script-src *" }, 'has a character that a policy cannot contain'],
    [
      { defaultSrc: "'self'", reportUri: '/a;script-src *' },
      'has a character that a policy cannot contain',
    ],
    [{ defaultSrc: ["'self',"] }, 'has a character that a policy cannot contain'],
    [{ defaultSrc: "'self'\r\nSet-Cookie: a=1" }, 'has a character that a policy cannot contain'],
    [{ defaultSrc: "'self'\tx" }, 'has a character that a policy cannot contain'],
    [{ defaultSrc: 'https://münchen.example' }, 'has a character that a policy cannot contain'],
    [
      "default-src 'self'",
      'contentSecurityPolicy must be true, false, null or an object of directives',
    ],
    [["default-src 'self'"], 'must be true, false, null or an object of directives'],
    [7, 'must be true, false, null or an object of directives'],
  ])('%j is refused', (given, says) => {
    expect(wrong(given)).toContain(says)
  })

  it('cannot be left by any source', () => {
    const source = fc.string({ unit: 'binary-ascii', maxLength: 12 })
    fc.assert(
      fc.property(fc.array(source, { maxLength: 4 }), (sources) => {
        const given = { defaultSrc: "'self'", imgSrc: sources }
        if (wrong(given) === 'nothing')
          expect(policy(given)).toMatch(/^default-src 'self'; img-src [ -+\--:<-~]+$/)
      }),
    )
  })
})
