import { describe, expect, it } from 'vitest'
import { describeOverrun, findFirstAbove, findOverruns } from '../../../bench/lib/budget.ts'

describe('the budget of instructions', () => {
  const budget = { '/read Portcullis': 100_000, '/write Portcullis': 200_000 }

  it('allows what differs from run to run, and names a loss of 3 %', () => {
    const within = { '/read Portcullis': 101_900, '/write Portcullis': 203_900 }
    expect(findOverruns(budget, within)).toEqual([])

    const [overrun, ...others] = findOverruns(budget, { ...within, '/read Portcullis': 103_000 })
    expect(others).toEqual([])
    expect(overrun && describeOverrun(overrun)).toBe(
      '/read Portcullis: 103000 instructions, 3.0 % above its budget of 100000',
    )
  })

  it('fails for a row that nobody has written down', () => {
    const [overrun] = findOverruns(budget, { '/new Portcullis': 1 })
    expect(overrun && describeOverrun(overrun)).toContain('no budget')
  })

  it('finds the commit of a loss, also beside commits that cannot be counted', async () => {
    const commits = ['a', 'b', 'c', 'd', 'e', 'f', 'here']
    for (const first of commits) {
      const count = async (commit: string): Promise<number> => (commit >= first ? 103 : 100)
      expect(await findFirstAbove(commits, 102, count)).toBe(first)
    }
    const counted: string[] = []
    const found = await findFirstAbove(commits, 102, async (commit) => {
      counted.push(commit)
      return commit === 'd' ? undefined : commit >= 'e' ? 103 : 100
    })
    expect(found).toBe('e')
    expect(counted.length).toBeLessThanOrEqual(4)
  })
})
