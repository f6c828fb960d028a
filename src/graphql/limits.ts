/**
 * Validates the limits of GraphQL requests while building. The guard and `graphqlLimits()` call
 * it. An invalid limit is reported as an issue.
 */
import {
  booleanOption,
  checkKeys,
  type Issues,
  type NumberRange,
  parseWholeNumber,
} from '../options/index.ts'

/** Limits of a GraphQL endpoint. Absent = default. */
export interface GraphqlLimits {
  /** Words and signs of a document, comments aside. Default 1,000. */
  readonly maxTokens?: number
  /** Nesting of fields, with fragments expanded. Default 10. */
  readonly maxDepth?: number
  /** Aliased fields, with fragments expanded. Default 15: aliases request the same field many times. */
  readonly maxAliases?: number
  /** Default 50, fragments put in. */
  readonly maxDirectives?: number
  /** Fields that an operation begins with. Default 20. */
  readonly maxRootFields?: number
  /** Fields of an operation, with fragments expanded. Default 1,000: a few nested fragments can expand to millions of fields. */
  readonly maxFields?: number
  /** Depth of lists and objects in the variables of an operation. Default 32: code that walks a value is often recursive. */
  readonly maxVariableDepth?: number
  /** Operations in one request, as a list. Default 0: no lists at all. */
  readonly maxBatch?: number
  /** Bytes of a body. Default 65,536 (64 KB); a longer one is refused before it is parsed. */
  readonly maxBodyBytes?: number
  /** The most that one page may hold; more, or less than none, is refused. Default none: any number passes. */
  readonly maxTake?: number
  /** Arguments that say how much a page holds. Default `['take', 'first', 'last', 'limit']`. */
  readonly takeNames?: readonly string[]
  /** Whether GET requests may carry operations, except mutations. Default false. */
  readonly get?: boolean
  /** Whether `application/x-www-form-urlencoded` is taken. A page of any site can send it. Default false. */
  readonly form?: boolean
  /** Whether JSON is taken as `text/plain`. A page of any site can send it. Default false. */
  readonly text?: boolean
  /** Lets WebSockets through, in which nothing is looked at: none of the limits holds there. Default false. */
  readonly insecureSockets?: boolean
}

/** Limits as requests use them. */
export type CompiledGraphql = Required<Omit<GraphqlLimits, 'maxTake' | 'takeNames'>> & {
  readonly maxTake: number | undefined
  readonly takeNames: ReadonlySet<string>
}

/** Keys of {@link GraphqlLimits}. */
export const limitKeys: ReadonlyArray<keyof GraphqlLimits> = [
  'maxTokens',
  'maxDepth',
  'maxAliases',
  'maxDirectives',
  'maxRootFields',
  'maxFields',
  'maxVariableDepth',
  'maxBatch',
  'maxBodyBytes',
  'maxTake',
  'takeNames',
  'get',
  'form',
  'text',
  'insecureSockets',
]

/**
 * Validates limits, together with further keys of the caller.
 *
 * @example
 * const issues = createIssues('graphql')
 * const limits = compileLimits({ maxDepth: 8 }, issues)
 * issues.throwIfAny()
 */
export function compileLimits(
  value: unknown,
  issues: Issues,
  otherKeys: readonly string[] = [],
): CompiledGraphql {
  checkKeys(issues, value, [...limitKeys, ...otherKeys])
  const limits = Object(value) as GraphqlLimits
  const count = (key: keyof GraphqlLimits, defaultValue: number, range: NumberRange): number =>
    parseWholeNumber(issues, key, limits[key], range) ?? defaultValue
  const { takeNames = ['take', 'first', 'last', 'limit'] } = limits
  const named =
    Array.isArray(takeNames) &&
    takeNames.length > 0 &&
    takeNames.every((one) => /^[_A-Za-z]\w{0,63}$/.test(one))
  if (!named) issues.add('takeNames', 'must be a list of names of arguments')
  return {
    maxTokens: count('maxTokens', 1000, { min: 1, max: 100_000, unit: 'tokens' }),
    maxDepth: count('maxDepth', 10, { min: 1, max: 1000, unit: 'levels' }),
    maxAliases: count('maxAliases', 15, { min: 0, max: 100_000, unit: 'aliases' }),
    maxDirectives: count('maxDirectives', 50, { min: 0, max: 100_000, unit: 'directives' }),
    maxRootFields: count('maxRootFields', 20, { min: 1, max: 100_000, unit: 'fields' }),
    maxFields: count('maxFields', 1000, { min: 1, max: 1_000_000, unit: 'fields' }),
    maxVariableDepth: count('maxVariableDepth', 32, { min: 1, max: 1000, unit: 'levels' }),
    maxBatch: count('maxBatch', 0, { min: 0, max: 1000, unit: 'operations' }),
    maxBodyBytes: count('maxBodyBytes', 65_536, { min: 1, max: 10_485_760, unit: 'bytes' }),
    maxTake:
      limits.maxTake === undefined
        ? undefined
        : count('maxTake', 0, { min: 0, max: 1_000_000_000, unit: 'items' }),
    takeNames: new Set(named ? takeNames : []),
    get: booleanOption(issues, 'get', limits.get, false),
    form: booleanOption(issues, 'form', limits.form, false),
    text: booleanOption(issues, 'text', limits.text, false),
    insecureSockets: booleanOption(issues, 'insecureSockets', limits.insecureSockets, false),
  }
}
