/** Which tests run everywhere, and what it means that they did: shared by vitest.config.ts and tools/test/runtimes.ts. */

/** Folders that mirror `src/`; what needs Node, a server or wrangler lives in the ones named here. */
export const portableTests: string[] = [
  'test/*.test.ts',
  'test/!(worker|runtime|package|node|acceptance|support|fuzz|browsers)/**/*.test.ts',
]

/** How the suite went in one runtime. */
export interface RuntimeResult {
  readonly runtime: string
  readonly passed: number
  readonly failed: number
}

/** Says which runtimes ran another number of tests than the most thorough one: a suite must not quietly shrink. */
export function compareCounts(results: readonly RuntimeResult[]): string[] {
  const ran = ({ passed, failed }: RuntimeResult): number => passed + failed
  const most = Math.max(0, ...results.map(ran))
  if (most === 0) return ['no test ran']

  return results
    .filter((result) => ran(result) !== most)
    .map((result) => `${result.runtime} ran ${ran(result)} tests, another runtime ${most}`)
}

/**
 * Where properties begin to look. A development machine looks somewhere else each day, and a failure prints its seed; CI
 * looks at the same place every time, so that its verdict is about the change. `FC_SEED=n` repeats a run.
 */
export function seed(env: { FC_SEED?: string; CI?: string } = process.env): number {
  if (env.FC_SEED) return Number(env.FC_SEED)
  return env.CI ? 1 : Math.floor(Date.now() / 86_400_000)
}
