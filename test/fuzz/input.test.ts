import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { encodeBase64url } from '../../src/crypto/index.ts'
import { createUpstreamHeaders } from '../../src/proxy/request-headers.ts'
import { mediaType, parseJson } from '../../src/request/index.ts'
import { parseSessionHeader } from '../../src/session-protocol/parse.ts'
import { holds, near } from './support.ts'

const nonce = 'AAAAAAAAAAAAAAAAAAAAAA'
const bytes = new TextEncoder()

describe('JSON from outside', () => {
  holds(
    'is what JSON.parse makes of it, without a way to a prototype, or is refused',
    800,
    fc.property(
      fc.oneof(
        fc.json({ maxDepth: 6 }),
        near([
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '"',
          '"a"',
          '"__proto__"',
          '"\\u005f_proto__"',
          '"constructor"',
          '"prototype"',
          '1',
          'null',
          '\\',
          ' ',
        ]),
      ),
      (text) => {
        const found = parseJson(text, 8)
        if (!found.ok) return
        expect(found.value).toEqual(JSON.parse(text))
        const copied: object = {}
        JSON.parse(text, (key, value) => {
          expect(key).not.toBe('__proto__')
          return value
        })
        Object.assign(copied, found.value)
        expect(Object.getPrototypeOf(copied)).toBe(Object.prototype)
      },
    ),
  )
})

describe('the session header of an upstream', () => {
  const member = fc.constantFrom(
    'start',
    'set',
    'unset',
    'incr',
    'flash',
    'end',
    'endAll',
    'ifVersion',
    'data',
    'keep',
    'id',
    'user',
    '__proto__',
    'x',
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      fc.constantFrom(true, false, null, 1, 2 ** 60, '', 'a'),
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(member, tie('any'), { maxKeys: 3 }),
    ),
  })).any

  holds(
    'is an order that it states in full, or none',
    800,
    fc.property(fc.dictionary(member, value, { maxKeys: 3 }), fc.boolean(), (given, ownNonce) => {
      const text = encodeBase64url(bytes.encode(JSON.stringify(given)))
      const found = parseSessionHeader(
        `${ownNonce ? nonce : 'BAAAAAAAAAAAAAAAAAAAAA'}.${text}`,
        nonce,
      )
      if (!ownNonce) expect(found.ok).toBe(false)
      if (!found.ok) return
      const { verb } = found.order
      expect(Object.keys(given)).toContain(
        verb === 'endAny' ? 'endAll' : verb === 'set' ? Object.keys(given)[0] : verb,
      )
      if (verb !== 'set') expect(Object.keys(given)).toHaveLength(1)
      expect(JSON.stringify(given)).not.toContain('"__proto__":')
    }),
  )

  holds(
    'is none in any other spelling, and nothing throws',
    400,
    fc.property(
      near([nonce, '.', ',', ', ', 'e30', 'eyJlbmQiOnRydWV9', '=', ' ', '-', '_']),
      (text) => {
        const found = parseSessionHeader(text, nonce)
        if (found.ok) expect(text).toBe(`${nonce}.eyJlbmQiOnRydWV9`)
      },
    ),
  )
})

describe('headers on their way to an upstream', () => {
  const names = [
    ...[
      'X-Forwarded-For',
      'X_Forwarded_For',
      'Forwarded',
      'X-Real-IP',
      'CF-Connecting-IP',
      'Portcullis-Assertion',
      'Portcullis_Assertion',
    ],
    ...[
      'X-Original-URL',
      'Proxy-Authorization',
      'Keep-Alive',
      'TE',
      'Cookie',
      'X-Custom',
      'Accept',
      'X-Forwarded-User',
      'Remote-User',
    ],
  ]
  holds(
    'never carry a client’s word on who it is, whatever its Connection header lists',
    400,
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.stringMatching(/^[\x21-\x7e]{1,12}$/)), {
        maxLength: 12,
      }),
      fc.array(fc.constantFrom(...names, 'x-request-id', 'portcullis-hops', 'close'), {
        maxLength: 4,
      }),
      (sent, listed) => {
        const client = new Headers(
          sent.map(([name, value]) => [name, `spoof-${value}`] as [string, string]),
        )
        if (listed.length > 0) client.set('connection', listed.join(', '))
        const said = {
          requestId: 'r-1',
          address: '203.0.113.7',
          host: 'app.example.test',
          https: true,
          cookieNames: new Set(['__Host-session']),
          hops: 1,
        }
        const out = createUpstreamHeaders(client, {
          ...said,
          ...{
            hasBody: false,
            upgrade: false,
            nonce: undefined,
            assertion: undefined,
            sessions: undefined,
          },
        })
        expect(out.get('x-forwarded-for')).toBe('203.0.113.7')
        expect(out.get('x-forwarded-host')).toBe('app.example.test')
        expect(out.get('x-request-id')).toBe('r-1')
        expect(out.get('portcullis-hops')).toBe('1')
        for (const [name, value] of out) {
          if (!value.includes('spoof-')) continue
          expect(['cookie', 'x-custom', 'accept']).toContain(name)
          expect(listed.map((each) => each.toLowerCase())).not.toContain(name)
        }
      },
    ),
  )

  holds(
    'have a media type or none, never two',
    200,
    fc.property(
      near(['application/json', 'text/html', ';', ',', ' charset=utf-8', '/', 'boundary="a,b"']),
      (text) => {
        let headers: Headers
        try {
          headers = new Headers({ 'content-type': text })
        } catch {
          return
        }
        expect(mediaType(headers) ?? 'a/b').toMatch(/^[^;,]*\/[^;,]*$/)
      },
    ),
  )
})
