import { expect, it } from 'vitest'
import { compareCounts, seed } from '../../../tools/test/portable.ts'

const ran = (
  runtime: string,
  passed: number,
  failed = 0,
): { runtime: string; passed: number; failed: number } => ({
  runtime,
  passed,
  failed,
})

it.each([
  ['equal counts', [ran('a', 3), ran('b', 3)], []],
  ['one that failed where another passed', [ran('a', 3), ran('b', 2, 1)], []],
  ['fewer in one', [ran('a', 3), ran('b', 2)], ['b ran 2 tests, another runtime 3']],
  ['one that did not start', [ran('a', 3), ran('b', 0, 1)], ['b ran 1 tests, another runtime 3']],
  ['nothing anywhere', [ran('a', 0), ran('b', 0)], ['no test ran']],
  ['no runtime', [], ['no test ran']],
])('judges %s', (_, results, faults) => {
  expect(compareCounts(results)).toEqual(faults)
})

it('begins at the same place in CI, at today elsewhere, and where it is told', () => {
  expect(seed({ CI: 'true' })).toBe(1)
  expect(seed({ CI: 'true', FC_SEED: '7' })).toBe(7)
  expect(seed({})).toBeGreaterThan(20_000)
})
