/** How long each property looks: a little in every test run, for hours' worth of inputs in `npm run fuzz`. */
import { appendFileSync } from 'node:fs'
import fc from 'fast-check'
import { it } from 'vitest'

/** Runs of a property in a test run; `npm run fuzz` multiplies them. */
const scale = Number(process.env.FUZZ_SCALE ?? 1)
/** Runs of each property of interleavings, whatever it asks for: `npm run fuzz -- sessions 20000`. */
const interleavings = process.env.FUZZ_INTERLEAVINGS
/** The one input to try, as the report of a failure names it: `FC_SEED=1 FC_PATH=2396`. */
const path = process.env.FC_PATH
/** Where `tools/test/fuzz.ts` reads how many inputs were really tried. */
const tally = process.env.FUZZ_TALLY

/** What a property is made of: inputs, or orders in which a store hears of several requests. */
export type Kind = 'property' | 'interleaving'

/** How a property is tried. */
export interface HoldsOptions {
  readonly kind?: Kind
  /** Inputs that are tried at the same time, each by a property of its own. Default 1. */
  readonly lanes?: number
}

/**
 * A test that tries many inputs. A failure prints the smallest one found and the seed: `FC_SEED=n` repeats it, and with
 * `FC_PATH=p` the failing input alone.
 *
 * @param runs - in a plain test run
 */
export function holds<Inputs extends [unknown, ...unknown[]]>(
  title: string,
  runs: number,
  property: fc.IRawProperty<Inputs> | ((lane: number) => fc.IRawProperty<Inputs>),
  { kind = 'property', lanes = 1 }: HoldsOptions = {},
): void {
  const total = kind === 'interleaving' && interleavings ? Number(interleavings) : runs * scale
  const create = typeof property === 'function' ? property : () => property
  // The failing input is the one of the first lane, by the seed that the report names.
  const used = path ? 1 : lanes
  const numRuns = Math.ceil(total / used)
  const { seed = 0 } = fc.readConfigureGlobal() ?? {}

  it(title, { timeout: 40_000 * Math.max(1, Math.ceil(total / runs)) }, async () => {
    const tries = Array.from({ length: used }, async (_, lane) => {
      const options = { numRuns, seed: seed + lane, ...(path && { path }) }
      const details = await fc.check(create(lane), options)
      // Counted before it is judged: inputs that a precondition threw away are not among them.
      if (tally !== undefined) appendFileSync(tally, `${kind} ${details.numRuns}\n`)
      return details
    })
    for (const details of await Promise.all(tries)) {
      if (!details.failed) continue
      const report = fc.defaultReportMessage(details as fc.RunDetails<unknown>) ?? 'failed'
      throw new Error(`${report}\n${details.errorInstance}`, { cause: details.errorInstance })
    }
  })
}

/** Text near what parsers trip over: pieces that mean something to them, mixed with any character. */
export function near(pieces: readonly string[], maxLength = 24): fc.Arbitrary<string> {
  const any = fc.string({ unit: 'binary', maxLength: 3 })
  return fc
    .array(
      fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: any }),
      { maxLength },
    )
    .map((parts) => parts.join(''))
}

/** One character of a text replaced, put in, taken out, or two swapped. Never the text itself. */
export function damaged(text: string, alphabet: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom('replace', 'insert', 'remove', 'swap', 'cut', 'double'),
      fc.nat(text.length - 1),
      fc.constantFrom(...alphabet),
      fc.nat(text.length - 1),
    )
    .map(([how, at, letter, other]) => {
      const chars = [...text]
      if (how === 'replace') chars[at] = letter
      else if (how === 'insert') chars.splice(at, 0, letter)
      else if (how === 'remove') chars.splice(at, 1)
      else if (how === 'cut') chars.length = at
      else if (how === 'double') chars.splice(at, 0, ...chars.slice(at, other))
      else [chars[at], chars[other]] = [chars[other] as string, chars[at] as string]
      return chars.join('')
    })
    .filter((made) => made !== text)
}
