import { describe, expect, it } from 'vitest'
import { validateSecrets } from '../../src/crypto/secret.ts'
import { createIssues } from '../../src/options/index.ts'
import { first, second } from './support.ts'

function problemsOf(given: unknown): string[] {
  const found = createIssues()
  validateSecrets(given, found.at('secret'))
  try {
    found.throwIfAny()
    return []
  } catch (error) {
    return (error as { issues: { option: string; problem: string }[] }).issues.map(
      (f) => `${f.option} ${f.problem}`,
    )
  }
}

const other = 'Hq3_xN8-vB5tK1zWm6RpYd0JcL7gSf2U'

const good = [
  [first, 'letters and digits'],
  [second, 'other characters'],
  ['5f2b9c1e77d04a6f8e3d21b0c9a4f6e5', '128 bits as hexadecimal digits'],
  ['83920174650918273645562738491027364501928', 'decimal digits'],
  ['pQ8vN2mX5zL9kR4tY7wB3cF6hJ1sD0gAeUiOqWxZnVbM', 'with no sample in it'],
  ['staging-secret-5f2b9c1e77d04a6f8e3d21b0c9a4f6e5', 'a random part behind a word'],
  ['django-insecure-8x!k2^qz@7v#mw1p&r5t*y9u(b3n)c6', 'what a framework generated'],
  ['tmavý tulipán píská u zamrzlého jezera', 'a passphrase in any language'],
  ['Kf8$mQ2!vZ7@pL4#xN9%wB1^cR6&tY3*Kf8', 'a few characters again'],
] as const

const bad = [
  ['', 'must have at least 32 characters'],
  ['w7Yk2pQz9LmT4vXc8RbN6hJd3FgS5aE', 'must have at least 32 characters'],
  ['🦭'.repeat(15), 'must have at least 32 characters'],
  [`${first}${'x1y2'.repeat(300)}`, 'must have at most 1024 characters'],
  [`${first}\n`, 'begins or ends with white space'],
  [` ${first}`, 'begins or ends with white space'],
  [`${first}\u0000${second}`, 'holds control characters or broken Unicode'],
  [`${first}\ud83e`, 'holds control characters or broken Unicode'],
  ['a'.repeat(32), 'repeats a short pattern'],
  ['ab'.repeat(16), 'repeats a short pattern'],
  ['0123456789abcdef'.repeat(2), 'repeats a short pattern'],
  ['keyboard cat'.repeat(3), 'repeats a short pattern'],
  ['keyboard cat '.repeat(5), 'begins or ends with white space'],
  ['abcdefghijklmnopqrstuvwxyz012345', 'is not random: it counts up or down'],
  ['zyxwvutsrqponmlkjihgfedcba987654', 'is not random: it counts up or down'],
  ['aaaabbbbccccddddeeeeffffgggghhhh', 'is not random: it counts up or down'],
  ['abccaabbcaacbbabcbacbabcabbacbac', 'must have at least 8 different characters'],
  ['01101001100101101001011001101001', 'must have at least 8 different characters'],
  ['complex_password_at_least_32_characters_long', 'is a sample secret'],
  ['COMPLEX_PASSWORD_AT_LEAST_32_CHARACTERS_LONG', 'is a sample secret'],
  ['password_at_least_32_characters_long', 'is a sample secret'],
  ['UPDATE_TO_complex_password_at_least_32_characters_long', 'is a sample secret'],
  ['-- DEV COOKIE SECRET; CHANGE ME --', 'is a sample secret'],
  ['changeme-changeme_changeme.changeme', 'is a sample secret'],
  ['changeme1234567890changeme0987654321', 'is a sample secret'],
  ['this_is_a_secret_key_for_my_application', 'is a sample secret'],
  ['your-secret-key-here-generate-with-openssl-rand-base64-32', 'is a sample secret'],
  ['your_super_secret_jwt_key_at_least_32_characters', 'is a sample secret'],
  ['change-this-to-a-long-random-secret', 'is a sample secret'],
  ['a_long_random_secret_please_change_me', 'is a sample secret'],
  ['some_not_random_password_that_is_also_long_enough', 'is a sample secret'],
  ['build-only-auth-secret-0000000000000000', 'is a sample secret'],
  ['keyboard cat keyboard cat, keyboard-cat', 'is a sample secret'],
  ['correct horse battery staple correct!', 'is a sample secret'],
  ['SESSION_SECRET=my-super-secret-value-123', 'is a sample secret'],
] as const

describe('secrets', () => {
  it.each(good)('%s is accepted: %s', (secret) => {
    expect(problemsOf(secret)).toEqual([])
  })

  it.each(bad)('%j is refused: %s', (secret, problem) => {
    const problems = problemsOf(secret)
    expect(problems.length).toBe(1)
    expect(problems[0]).toContain(`secret ${problem}`)
    if (secret.length > 3) expect(problems[0]).not.toContain(secret)
  })

  it.each([[undefined], [null], [7], [{}], [new Uint8Array(32)]])('%s is no secret', (given) => {
    expect(problemsOf(given)).toEqual(['secret must be a string or a list of strings'])
  })

  it('every fault of a list is named by its place', () => {
    expect(problemsOf([first, 'short', 7, second, first])).toEqual([
      'secret.1 must have at least 32 characters',
      'secret.2 must be a string',
      'secret.4 is in the list twice',
    ])
  })

  it('a list holds one to sixteen', () => {
    expect(problemsOf([])).toEqual(['secret must contain at least one secret'])
    const many = Array.from({ length: 17 }, (_, i) => `${first}${i}`)
    expect(problemsOf(many.slice(0, 16))).toEqual([])
    expect(problemsOf(many)).toEqual(['secret must contain at most 16 secrets'])
  })

  // docs/operations.md, "Rotating secrets": a variable of the environment holds a text.
  it.each<[string, string]>([
    ['a space', `${first} ${second}`],
    ['spaces, tabs and line ends', ` ${first}\t \r\n${second}\n`],
    ['a JSON list', ` ["${first}",\n "${second}"] `],
  ])('S2: one text holds several, apart by %s, in their order', (_, text) => {
    expect(validateSecrets(text, createIssues())).toEqual([first, second])
    expect(validateSecrets([text, other], createIssues())).toEqual([first, second, other])
  })

  it.each<[string, string, string]>([
    ['a comma', `${first},${second}`, 'secret holds several secrets without white space'],
    [
      'a semicolon',
      `${first};${other};${other.slice(1)}x`,
      'secret holds several secrets without white space',
    ],
    ['a comma and a space', `${first}, ${second}`, 'secret.0 ends with a comma'],
    ['quotes around each', `"${first}" "${second}"`, 'secret.0 begins or ends with a quote'],
    ['quotes around both', `'${first} ${second}'`, 'secret.0 begins or ends with a quote'],
    [
      'a part that was cut off',
      `${first} ${second.slice(0, 20)}`,
      'secret.1 must have at least 32 characters',
    ],
    ['the same twice', `${first} ${first}`, 'secret.1 is in the list twice'],
  ])(
    'S2: %s is refused, with the way to write them: everybody would be logged out',
    (_, text, problem) => {
      const problems = problemsOf(text).join('\n')
      expect(problems).toContain(problem)
      expect(problems).not.toContain(second)
    },
  )

  it('S2: a passphrase is one secret, whatever white space it has', () => {
    const phrase = 'tmavý tulipán  píská u zamrzlého jezera'
    expect(validateSecrets(phrase, createIssues())).toEqual([phrase])
  })

  it('a random secret is never mistaken for a sample', () => {
    for (let i = 0; i < 2_000; i++) {
      const bytes = crypto.getRandomValues(new Uint8Array(24))
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
      expect(problemsOf(hex)).toEqual([])
      const letters = Array.from(bytes, (byte) => String.fromCharCode(97 + (byte % 26))).join('')
      expect(problemsOf(`${letters}${hex.slice(0, 8)}`)).toEqual([])
    }
  })
})
