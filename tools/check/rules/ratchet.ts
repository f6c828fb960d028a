/** Compares measures of style with the bounds in style.json, which may only get better, as one pure function. */
import type { ProjectStyle } from '../measure-style.ts'

/** How one measure is read: which way is better, and what is to be reached. */
interface Measure {
  readonly better: 'less' | 'more'
  readonly goal: number
  readonly what: string
}

/** Every measure that has a bound. */
export const measures = {
  ofNames: { better: 'less', goal: 0, what: 'functions named ...Of' },
  judgeNames: { better: 'less', goal: 0, what: 'functions named judge...' },
  bareFunctions: {
    better: 'less',
    goal: 4,
    what: 'functions named by a participle, adjective or preposition',
  },
  bareLocals: { better: 'less', goal: 0, what: 'variables and parameters named so' },
  duplicateTypes: { better: 'less', goal: 0, what: 'type names declared in two files' },
  headlessComments: {
    better: 'less',
    goal: 0,
    what: 'comments that begin with What, Who or Of',
  },
  briefHeaders: { better: 'less', goal: 0, what: 'files without a header of 80 characters' },
  longLinesPercent: { better: 'less', goal: 1, what: '% of code lines over 100 columns' },
  blankLinesPercent: { better: 'more', goal: 6, what: '% of lines in functions that are blank' },
  identifierMean: { better: 'more', goal: 7, what: 'characters of a declared name, mean' },
  cognitiveMax: { better: 'less', goal: 20, what: 'highest cognitive complexity' },
  complexFunctions: { better: 'less', goal: 0, what: 'functions of complexity over 20' },
  longFunctions: { better: 'less', goal: 0, what: 'functions over 60 lines' },
  manyParameters: { better: 'less', goal: 0, what: 'functions with over 4 parameters' },
  withoutExample: { better: 'less', goal: 0, what: 'exported functions without @example' },
} as const satisfies Partial<Record<keyof ProjectStyle, Measure>>

/** A measure that has a bound. */
export type MeasureName = keyof typeof measures

/** The bound of every measure, as style.json holds it. */
export type StyleBounds = Readonly<Record<MeasureName, number>>

/** One measure beside its bound. */
export interface MeasureResult {
  readonly name: MeasureName
  readonly what: string
  readonly value: number
  readonly bound: number
  readonly goal: number
  readonly status: 'worse' | 'same' | 'better'
  /** What was counted, where the measure is a count of named things. */
  readonly items: readonly string[]
}

/** Compares each measure with its bound. */
export function compareStyle(style: ProjectStyle, bounds: StyleBounds): MeasureResult[] {
  return measureNames().map((name) => {
    const { better, goal, what } = measures[name]
    const items = typeof style[name] === 'number' ? [] : style[name]
    const value = readMeasure(style, name)
    const bound = bounds[name]
    const gain = better === 'less' ? bound - value : value - bound
    const status = gain < 0 ? 'worse' : gain > 0 ? 'better' : 'same'

    return { name, what, value, bound, goal, status, items }
  })
}

/** The bounds that hold from now on: each measure that got better takes its new value, no bound gets looser. */
export function tightenBounds(style: ProjectStyle, bounds: StyleBounds): StyleBounds {
  const tightened = { ...bounds }
  for (const { name, value, status } of compareStyle(style, bounds))
    if (status === 'better') tightened[name] = value
  return tightened
}

function measureNames(): MeasureName[] {
  return Object.keys(measures) as MeasureName[]
}

function readMeasure(style: ProjectStyle, name: MeasureName): number {
  const value = style[name]
  return typeof value === 'number' ? value : value.length
}
