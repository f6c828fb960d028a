import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type HeaderOptions, headerWriter, secureHeaders } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

const token = 'pLx9-Qm2_vR7sTk4Wc0yZb8nHd'
const about = { https: true, host: 'app.example' }

/** A page that arrives in these chunks. */
function page(
  chunks: ReadonlyArray<string | Uint8Array>,
  headers: Record<string, string> = {},
): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller): void {
      for (const chunk of chunks) {
        controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
      }
      controller.close()
    },
  })
  return new Response(body, { headers: { 'Content-Type': 'text/html', ...headers } })
}

function filled(response: Response, options: HeaderOptions = {}, nonce = 'N'): Response {
  const wrong = createIssues()
  const write = headerWriter({ noncePlaceholder: token, ...options }, wrong)
  wrong.throwIfAny()
  return write(response, { ...about, nonce })
}

describe('a placeholder', () => {
  it.each<[what: string, chunks: string[], text: string]>([
    ['once', [`<script nonce="${token}">`], '<script nonce="N">'],
    ['twice', [`${token} and ${token}`], 'N and N'],
    ['side by side', [`${token}${token}`], 'NN'],
    ['cut in two', [`<b ${token.slice(0, 9)}`, `${token.slice(9)}>`], '<b N>'],
    ['cut into letters', [...`<b ${token}>`], '<b N>'],
    ['broken off at the end', ['<b ', token.slice(0, -1)], `<b ${token.slice(0, -1)}`],
    ['begun twice', [`${token.slice(0, 5)}${token}`], `${token.slice(0, 5)}N`],
    ['not at all', ['<p>', 'nothing'], '<p>nothing'],
    ['in an empty body', [], ''],
  ])('%s is replaced by the nonce', async (_, chunks, text) => {
    expect(await filled(page(chunks)).text()).toBe(text)
  })

  it('is replaced wherever chunks begin and end, and every other byte stays', async () => {
    const piece = fc.oneof(
      fc.constant(token),
      fc.string({ maxLength: 5 }),
      fc.constantFrom(token.slice(0, 3), 'ä'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat(40), { maxLength: 12 }),
        async (parts, cuts) => {
          const bytes = new TextEncoder().encode(parts.join(''))
          const chunks: Uint8Array[] = []
          let at = 0
          for (const cut of [...cuts, bytes.length]) {
            chunks.push(bytes.slice(at, at + cut))
            at += cut
          }
          expect(await filled(page(chunks)).text()).toBe(
            new TextDecoder().decode(bytes).replaceAll(token, 'N'),
          )
        },
      ),
    )
  })

  it('has the nonce of the policy', async () => {
    const wrong = createIssues()
    const response = headerWriter({ noncePlaceholder: token }, wrong)(page([token]), about)
    const [, nonce] =
      /'nonce-([^']+)'/.exec(response.headers.get('Content-Security-Policy') ?? '') ?? []
    expect(await response.text()).toBe(nonce)
  })

  // A stale length cuts the page off; a validator that stays lets a cache put an old nonce under a new policy.
  it('takes length and validator away', () => {
    const { headers } = filled(
      page([token], { 'Content-Length': '26', ETag: '"1"', 'Set-Cookie': 'a=1' }),
    )
    expect([headers.get('Content-Length'), headers.get('ETag'), headers.get('Set-Cookie')]).toEqual(
      [null, null, 'a=1'],
    )
  })

  it.each([
    ['image/png', {}],
    ['text/html', { 'Content-Encoding': 'gzip' }],
  ])('stays in %s %j', async (type, more) => {
    expect(await filled(page([token], { 'Content-Type': type, ...more })).text()).toBe(token)
  })

  it('does not hold a page back', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const out = writable.getWriter()
    const response = filled(new Response(readable, { headers: { 'Content-Type': 'text/html' } }))
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const sent = out.write(new TextEncoder().encode('<p>first'))
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('<p>first')
    await sent
    await Promise.all([out.close(), reader.read()])
  })

  it.each([
    ['short'],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['with spaces in between, of course'],
    [''],
    [7],
    [true],
  ])('%j is refused: whoever guesses it gets the nonce', (given) => {
    expect(() => secureHeaders({ noncePlaceholder: given as string })).toThrow(ConfigError)
    expect(() => secureHeaders({ noncePlaceholder: given as string })).toThrow(
      'noncePlaceholder must be 22 to 128',
    )
  })
})
