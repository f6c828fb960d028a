import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorResponse } from '../../src/page/index.ts'

function kind(headers: Record<string, string>): string {
  const type = errorResponse('not-found', { headers: new Headers(headers) }).headers.get(
    'Content-Type',
  )
  return type === 'text/html; charset=utf-8'
    ? 'page'
    : type === 'application/problem+json'
      ? 'problem'
      : `${type}`
}

const chromium =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'

describe('a refused client gets', () => {
  it.each([
    // What browsers say of themselves.
    ['page', 'document', chromium],
    ['page', 'iframe', chromium],
    ['page', 'frame', ''],
    ['page', 'fencedframe', ''],
    ['page', 'embed', '*/*'],
    ['page', 'object', '*/*'],
    ['problem', 'empty', '*/*'],
    ['problem', 'empty', 'application/json, text/plain, */*'],
    ['problem', 'image', 'image/avif,image/webp,*/*;q=0.8'],
    ['problem', 'script', '*/*'],
    ['problem', 'style', 'text/css,*/*;q=0.1'],
    ['problem', 'Document', ''],
    // htmx and Turbo fetch pieces of pages.
    ['page', 'empty', 'text/html, application/xhtml+xml'],
    // Without Sec-Fetch-Dest, Accept decides.
    ['page', '', chromium],
    ['page', '', 'text/html'],
    ['page', '', 'TEXT/HTML'],
    ['page', '', 'application/xhtml+xml'],
    ['page', '', 'text/html;q=0.5, application/json;q=0.4'],
    ['page', '', 'text/html ; Q=0.9, */* ; q=0.1'],
    ['page', '', 'text/*, application/*;q=0.3'],
    ['page', '', 'application/json;q=0, */*'],
    ['problem', '', ''],
    ['problem', '', '*/*'],
    ['problem', '', 'application/json'],
    ['problem', '', 'application/problem+json, text/html;q=0.9'],
    ['problem', '', 'text/html, application/json'],
    ['problem', '', 'text/html;q=0.4, application/json;q=0.5'],
    ['problem', '', 'text/html;q=0, */*'],
    ['problem', '', 'text/*, text/html;q=0, */*;q=0.5'],
    ['problem', '', 'text/html;q=0'],
    ['problem', '', 'text/html;q=2'],
    ['problem', '', 'text/html;q=-1'],
    ['problem', '', 'text/html;q=abc'],
    ['problem', '', 'image/png'],
    ['problem', '', ',,;;,'],
  ])('a %s for Sec-Fetch-Dest "%s" and Accept "%s"', (expected, destination, accept) => {
    const headers: Record<string, string> = {}
    if (destination) headers['Sec-Fetch-Dest'] = destination
    if (accept) headers.Accept = accept
    expect(kind(headers)).toBe(expected)
  })

  it.each([`text/html,${'x'.repeat(1024)}`, `${'a/b,'.repeat(32)}text/html`])(
    'a problem for more than anybody sends in earnest (%#)',
    (accept) => {
      expect(kind({ Accept: accept })).toBe('problem')
    },
  )

  it('one of the two, whatever Accept says', () => {
    const letters = fc.constantFrom(
      'text/html',
      'application/json',
      '*/*',
      'text/*',
      ';',
      ',',
      'q=',
      '0.5',
      '=',
      ' ',
      'x',
    )
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 40 }), (parts) => {
        expect(kind({ Accept: parts.join('') })).toMatch(/^(?:page|problem)$/)
      }),
    )
  })
})
