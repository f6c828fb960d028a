/** What docs/security.md says is shown by tests that exist, and its numbers are the numbers. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const text = readFileSync('docs/security.md', 'utf8')
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('|---'))

describe('docs/security.md', () => {
  const paths = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => path as string)

  it.each([...new Set(paths)])('names %s, which is there', (path) => {
    expect(existsSync(path)).toBe(true)
  })

  it('names a test in every row of the two tables that promise', () => {
    const asvs = rows.filter((line) => /\| [EP] \|/.test(line))
    const attackers = rows.filter((line) => line.startsWith('| **'))
    expect(asvs.length).toBeGreaterThan(50)
    expect(attackers.length).toBeGreaterThan(10)
    for (const line of [...asvs, ...attackers]) expect(line).toMatch(/`test\//)
  })

  it('counts seals as arithmetic does', () => {
    const day = 86_400
    expect(text).toContain((2 ** 32).toLocaleString('en'))
    expect(text).toContain(`${Math.floor(2 ** 32 / day).toLocaleString('en')} a second`)
    const meet = (seals: number): string => (seals ** 2 / 2 ** 97).toExponential(1)
    expect(text).toContain(
      `${meet(1e9)} for 10^9 seals, ${meet(2 ** 32)} for 2^32, ${meet(1e10)} for 10^10`,
    )
    // Blocks of the longest token, of its header, and one of lengths.
    const blocks = (8192 * 3) / 4 / 16 + 7 + 1
    expect(Math.log2(blocks / 2 ** 128)).toBeLessThan(-119)
    expect(Math.log2((blocks / 2 ** 128) * 1e12)).toBeLessThan(-79)
  })

  it('counts a billion sessions as arithmetic does', () => {
    const sessions = 1e9
    const requests = sessions * (1 + 20 + 3)
    expect(text).toContain(
      `${Math.round(requests / 1e9)} × 10^9 a day, ${(Math.round(requests / 86_400 / 1000) * 1000).toLocaleString('en')} a second`,
    )
    const alive = (sessions * 1.5) / 24
    expect(text).toContain(`${alive.toLocaleString('en')}: ${(alive * 1200) / 1e9} GB`)
    const most = sessions * (4 + 15)
    expect(most).toBeGreaterThan(2 ** 32)
    expect(text).toContain(`${(most / 8 / 1e9).toFixed(1)} × 10^9 each`)
    expect(4 * sessions).toBeLessThan(2 ** 32)
  })
})
