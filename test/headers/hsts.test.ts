import { describe, expect, test } from 'vitest'
import { headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

function read(strictTransportSecurity: string): string | null {
  const wrong = createIssues()
  const write = headerWriter({ strictTransportSecurity }, wrong)
  wrong.throwIfAny()
  const answer = write(new Response(null), { https: true, host: 'app.example' })
  return answer.headers.get('strict-transport-security')
}

// RFC 6797 section 6.1: [ directive ] *( ";" [ directive ] ), names in any case, values as tokens or quoted.
describe('P11: Strict-Transport-Security as text, in every spelling that is legal', () => {
  test.each([
    ['max-age=31536000;', 'max-age=31536000'],
    ['max-age=31536000; includeSubDomains;', 'max-age=31536000; includeSubDomains'],
    [';max-age=31536000', 'max-age=31536000'],
    ['max-age=31536000;; includeSubDomains ; ', 'max-age=31536000; includeSubDomains'],
    ['max-age="31536000"; includeSubDomains', 'max-age=31536000; includeSubDomains'],
    [
      'Max-Age=31536000; INCLUDESUBDOMAINS; Preload',
      'max-age=31536000; includeSubDomains; preload',
    ],
    ['max-age = 31536000', 'max-age=31536000'],
    ['includeSubDomains; max-age=31536000', 'max-age=31536000; includeSubDomains'],
    ['max-age=0', 'max-age=0'],
  ])('P11: %j', (text, value) => {
    expect(read(text)).toBe(value)
  })

  test.each([
    ...[
      '',
      ';',
      'includeSubDomains',
      'max-age',
      'max-age=',
      'max-age=""',
      'max-age=1e7',
      'max-age="31536000',
      'max-age=-1',
    ],
    ...[
      'max-age=1; max-age=2',
      'max-age=1; includeSubDomains=1',
      'max-age=1; subdomains',
      'max-age=0x10',
      "max-age='1'",
    ],
  ])('P11: %j is refused', (text) => {
    expect(() => read(text)).toThrow('strictTransportSecurity')
  })
})
