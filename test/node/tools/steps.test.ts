import { expect, it } from 'vitest'
import {
  countStep,
  countVitest,
  listFailures,
  pickFailures,
  runScript,
} from '../../../tools/steps.ts'

it.each([
  ['a quiet step that went well as one', '', 0, undefined, { passed: 1, failed: 0 }],
  ['a quiet step that went badly as one', '', 2, undefined, { passed: 0, failed: 1 }],
  ['a step that was killed as one', 'half a li', null, undefined, { passed: 0, failed: 1 }],
  [
    'the last line alone',
    'a\n1 passed, 2 failed\n5 passed, 0 failed\n',
    0,
    undefined,
    { passed: 5, failed: 0 },
  ],
  [
    'no line with more on it',
    'node  5 passed, 0 failed  (x)\n',
    0,
    undefined,
    { passed: 1, failed: 0 },
  ],
  ['the failures of the line', '5 passed, 2 failed\n', 1, undefined, { passed: 5, failed: 2 }],
  [
    'a bad end as a failure whatever was printed',
    '5 passed, 0 failed\n',
    1,
    undefined,
    { passed: 5, failed: 1 },
  ],
  [
    'report and line together',
    '5 passed, 0 failed\n',
    0,
    { passed: 7, failed: 0 },
    { passed: 12, failed: 0 },
  ],
  ['a report without a line', '', 1, { passed: 7, failed: 2 }, { passed: 7, failed: 2 }],
  ['a bad end after a good report', '', 1, { passed: 7, failed: 0 }, { passed: 7, failed: 1 }],
])('counts %s', (_, stdout, code, vitest, count) => {
  expect(countStep(stdout, code, vitest)).toEqual(count)
})

it('counts a skipped test and a file that did not load as failed', () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [
          { status: 'failed', fullName: 'a' },
          { status: 'skipped', fullName: 'in a browser b' },
        ],
      },
      { name: 'broken.test.ts', status: 'failed', assertionResults: [] },
      {
        name: 'c.test.ts',
        status: 'passed',
        assertionResults: [{ status: 'passed', fullName: 'c' }],
      },
    ],
  }
  expect(countVitest(report)).toEqual({ passed: 3, failed: 3, skipped: ['in a browser b'] })
})

it('names each failed test with its reason, and each file that did not load', () => {
  const report = {
    numPassedTests: 1,
    numFailedTests: 1,
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [
          { status: 'passed', fullName: 'is fine' },
          { status: 'failed', fullName: 'is not', failureMessages: ['Error: 1 is not 2\n at a'] },
        ],
      },
      { name: 'broken.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  }
  expect(listFailures(report)).toEqual([
    'a.test.ts > is not: Error: 1 is not 2\n     at a',
    'broken.test.ts did not load: no such module',
  ])
})

it.each([
  ['the lines that say so', '  ok      a\n  FAILED  b\nnot ok c\nfailed: types\n', 3],
  ['the lines with an error where none does', '  deno: a > b: Error: 1\n    at x\n1 failed\n', 1],
  ['the last lines where nothing is told', 'a\n\nb\n', 2],
])('picks %s from what a step printed', (_, printed, lines) => {
  expect(pickFailures(printed)).toHaveLength(lines)
})

it('runs a script of package.json to its end', async () => {
  const { code } = await runScript('no-such-script', 20_000)
  expect(code).toBe(1)
})
