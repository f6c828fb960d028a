import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson, readJson } from '../../src/request/index.ts'

const send = (body: BodyInit | null, headers: Record<string, string> = {}): Request =>
  new Request('https://app.example.com/', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
  })
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('JSON of a request', () => {
  it('is read', async () => {
    expect(await readJson(send('{"a":[1,"ü",null]}'))).toEqual({
      ok: true,
      value: { a: [1, 'ü', null] },
    })
    expect(await readJson(send('1', { 'Content-Type': 'application/vnd.api+json' }))).toEqual({
      ok: true,
      value: 1,
    })
  })

  it.each([
    ['another type', '{}', { 'Content-Type': 'text/plain' }, 'content-type-not-allowed'],
    ['gzip', '{}', { 'Content-Encoding': 'gzip' }, 'content-type-not-allowed'],
    ['a length over the limit', `"${'a'.repeat(102_400)}"`, {}, 'body-too-large'],
    ['no body', null, {}, 'body-malformed'],
    ['no JSON', '{a:1}', {}, 'body-malformed'],
    ['an end that is missing', '{"a":', {}, 'body-malformed'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 'body-malformed'],
    ['UTF-8 that is cut', new Uint8Array([0x22, 0xc3]), {}, 'body-malformed'],
  ] as Array<[string, BodyInit | null, Record<string, string>, string]>)(
    'is refused with %s',
    async (_, body, headers, reason) => {
      expect(await readJson(send(body, headers))).toEqual({ ok: false, reason })
    },
  )

  it('is counted where no length is said, and no more of it is read', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller): void {
        sent += 100
        controller.enqueue(new Uint8Array(100).fill(0x20))
      },
    })
    const request = {
      method: 'POST',
      headers: new Headers({ 'Content-Type': 'application/json' }),
      body,
    }
    expect(await readJson(request, { maxBytes: 1000 })).toEqual({
      ok: false,
      reason: 'body-too-large',
    })
    expect(sent).toBeLessThan(1500)
  })

  // {"a":{"a":{"a": ... : a walker that recurses runs out of stack
  it('is as deep as the limit says', () => {
    expect(parseJson(nested(32)).ok).toBe(true)
    expect(parseJson(nested(33))).toEqual({ ok: false, reason: 'body-malformed' })
    expect(parseJson(`{"a":${nested(32)}}`).ok).toBe(false)
    expect(parseJson(nested(3), 2).ok).toBe(false)
    expect(parseJson(nested(1_000_000)).ok).toBe(false)
    expect(parseJson(`["${'['.repeat(100)}","\\"[[["]`).ok).toBe(true)
  })

  // curl -d '{"__proto__":{"admin":true}}': a deep merge writes into every object of the isolate
  it.each([
    '{"__proto__":{"admin":true}}',
    '{"a":[{"b":{"__proto__":1}}]}',
    '{"\\u005f_proto__":{}}',
    '{"\\u005F\\u005fproto\\u005f\\u005f":{}}',
    '{"__proto__" \n\t :{}}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"constructor":{"a":1,"prototype":{}}}',
    '{"a":{"constructor" : {"proto\\u0074ype":1}}}',
  ])('leads to no prototype: %s', (text) => {
    expect(parseJson(text)).toEqual({ ok: false, reason: 'body-malformed' })
  })

  it.each([
    '["__proto__"]',
    '{"a":"__proto__"}',
    '{"a":"\\"__proto__\\":"}',
    '{"__proto":1,"proto__":2}',
    '{"constructor":1,"prototype":2}',
    '{"constructor":{"name":"x"}}',
    '{"prototype":{"constructor":1}}',
    '[{"constructor":1},{"prototype":1}]',
    '{"constructor":[{"prototype":1}]}',
    '{"x\\\\":1}',
  ])('may say the words elsewhere: %s', (text) => {
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
  })

  it('is what JSON.parse makes of it, or malformed where that throws', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        if (/__proto__|prototype/.test(text)) return
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
      }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ')),
        (parts) => {
          const text = parts.join('')
          const result = parseJson(text)
          if (result.ok) expect(result.value).toEqual(JSON.parse(text))
          else expect(() => JSON.parse(text)).toThrow()
        },
      ),
    )
  })
})
