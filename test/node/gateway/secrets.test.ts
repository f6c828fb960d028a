/** Several keys in one variable: what the deployable's environment may hold while they are rotated. */
import { describe, expect, it } from 'vitest'
import { parseKeys } from '../../../src/assertion/keys.ts'
import { createIssues } from '../../../src/options/index.ts'
import { assertionKey } from '../../../tools/dev/secret.ts'

describe('ASSERTION_KEY', () => {
  const judge = (given: string): { count: number; problems: string[] } => {
    const faults = createIssues()
    const count = parseKeys(given, faults).length
    try {
      faults.throwIfAny()
      return { count, problems: [] }
    } catch (error) {
      return { count, problems: [String(error)] }
    }
  }

  it('is a key, or a JSON list of keys', async () => {
    const [first, second] = [await assertionKey(), await assertionKey()]
    expect(judge(first)).toEqual({ count: 1, problems: [] })
    expect(judge(`[${first}, ${second}]`)).toEqual({ count: 2, problems: [] })
    expect(judge(`\n[${first}\n]`)).toEqual({ count: 1, problems: [] })
  })

  it.each(['[]', '[', '[1]', '["x"]', '[[]]', '[null]'])('%s is neither', (text) => {
    expect(judge(text)).toEqual({
      count: 0,
      problems: [expect.stringContaining('must be an ES256 private key')],
    })
  })
})
