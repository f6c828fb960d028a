/** The page of exports and what a registry shows, from their pure functions. */
import { describe, expect, it } from 'vitest'
import { registryFaults } from '../../../tools/check/rules/package.ts'
import { firstSentence, renderReference } from '../../../tools/check/rules/reference.ts'

describe('renderReference', () => {
  it('lists each name of each entry point, functions before types', () => {
    const page = renderReference(
      new Map([
        [
          './csrf',
          [
            { name: 'CsrfOptions', kind: 'interface', doc: 'Options of {@link csrf}.' },
            { name: 'csrf', kind: 'function', doc: 'Rejects `a | b`. And more.' },
          ],
        ],
      ]),
    )
    expect(page).toContain('## portcullis/csrf\n')
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual([
      '| `csrf` | function | Rejects `a \\| b`. |',
      '| `CsrfOptions` | type | Options of `csrf`. |',
    ])
  })

  it.each([
    ['One. Two.', 'One.'],
    ['Over\n two lines', 'Over two lines'],
    ['One.\n\nAnother paragraph.', 'One.'],
    ['Of version 1.2 and later. Then.', 'Of version 1.2 and later.'],
  ])('takes the first sentence of %j', (doc, sentence) => {
    expect(firstSentence(doc)).toBe(sentence)
  })
})

describe('registryFaults', () => {
  const manifest = {
    version: '0.1.0',
    repository: {},
    homepage: 'x',
    bugs: 'x',
    keywords: [],
    license: 'MIT',
    description: 'x',
  }

  it('finds nothing in a manifest with every field and a README with absolute links', () => {
    expect(registryFaults(manifest, '[a](https://a.example/) [b](#b)')).toEqual([])
  })

  it('names fields that are missing, and links that lead nowhere on npm', () => {
    const { repository: _, ...rest } = { ...manifest, version: '0.0.0' }
    expect(registryFaults(rest, '[a](docs/a.md)')).toEqual([
      'package.json has no repository',
      'package.json has the version of nothing',
      'README.md: docs/a.md leads nowhere on npm',
    ])
  })
})
