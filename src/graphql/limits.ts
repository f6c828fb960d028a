/**
 * Validates the limits of GraphQL requests while building. The guard and `graphqlLimits()` call it. A wrong limit is
 * reported as an issue, from which the caller makes a `ConfigError`.
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
  /** Tokens of a document, without comments. Default 1,000. */
  readonly maxTokens?: number
  /** Nesting of fields, with fragments expanded. Default 10. */
  readonly maxDepth?: number
  /** Aliased fields, with fragments expanded. Default 15: aliases request the same field many times. */
  readonly maxAliases?: number
  /** Directives of a document, with fragments expanded. Default 50. */
  readonly maxDirectives?: number
  /** Fields at the top of an operation. Default 20. */
  readonly maxRootFields?: number
  /** Fields of an operation, with fragments expanded. Default 1,000: a few nested fragments can expand to millions of fields. */
  readonly maxFields?: number
  /** Depth of lists and objects in the variables of an operation. Default 32: code that walks a value is often recursive. */
  readonly maxVariableDepth?: number
  /** Operations in one request that is a list. Default 0: lists are rejected. */
  readonly maxBatch?: number
  /** Bytes of a body. Default 65,536 (64 KB); a longer one is rejected before it is parsed. */
  readonly maxBodyBytes?: number
  /**
   * Largest page that a document may request; a larger or a negative one is rejected. Default none: any number passes.
   */
  readonly maxTake?: number
  /** Names of the arguments that set the size of a page. Default `['take', 'first', 'last', 'limit']`. */
  readonly takeNames?: readonly string[]
  /** Whether GET requests may contain operations other than mutations. Default false. */
  readonly get?: boolean
  /** Whether `application/x-www-form-urlencoded` is accepted. A page of any site can send it. Default false. */
  readonly form?: boolean
  /** Whether JSON is accepted as `text/plain`. A page of any site can send it. Default false. */
  readonly text?: boolean
  /**
   * Lets WebSockets through. Their messages are not inspected, so none of the limits applies to them. Default false.
   */
  readonly insecureSockets?: boolean
}

/** The validated limits, with defaults filled in. */
export type CompiledGraphql = Required<Omit<GraphqlLimits, 'maxTake' | 'takeNames'>> & {
  readonly maxTake: number | undefined
  readonly takeNames: ReadonlySet<string>
}

/** The keys of {@link GraphqlLimits}. */
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
 * Validates the limits, and reports keys that are neither limits nor options of the caller.
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
  const areNamesValid =
    Array.isArray(takeNames) &&
    takeNames.length > 0 &&
    takeNames.every((name) => /^[_A-Za-z]\w{0,63}$/.test(name))
  if (!areNamesValid)
    issues.add('takeNames', 'must be a list of argument names, such as ["first", "last"]')
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
    takeNames: new Set(areNamesValid ? takeNames : []),
    get: booleanOption(issues, 'get', limits.get, false),
    form: booleanOption(issues, 'form', limits.form, false),
    text: booleanOption(issues, 'text', limits.text, false),
    insecureSockets: booleanOption(issues, 'insecureSockets', limits.insecureSockets, false),
  }
}
