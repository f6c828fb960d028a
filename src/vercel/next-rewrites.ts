/**
 * Compiles rewrites of next.config for a guard: a function that finds the page that Next serves for an address.
 * `next-options.ts` calls it while building, and `next-aliases.ts` calls the compiled rewrites. A pattern that it does
 * not support is reported as an issue. Conditions (`has`, `missing`) are ignored: the rewrite counts as if they were
 * true.
 */
import { checkKeys, type Issues } from '../options/index.ts'

/** One entry of `rewrites()` in next.config whose destination is a page of the project. */
export interface NextRewrite {
  /** A path with parameters, such as `/team/:name` or `/docs/:path*`. */
  readonly source: string
  /** A path with the same parameters, such as `/people/:name`. */
  readonly destination: string
}

/** Returns the destination of a path that the source matches; undefined for another path. */
export type Rewrite = (path: string) => string | undefined

/** A segment that is a parameter, and `*`, `+` or `?` after it. Expressions in brackets are not supported. */
const parameter = /^:([A-Za-z_]\w*)([*+?]?)$/
const literal = /^[^:(){}*+?]+$/

/**
 * Compiles a rewrite. A parameter must be a whole segment: `:name`, or `:name?`, `:name+` or `:name*` at the end of the
 * path. Other patterns of Next are issues: such a source needs a route of its own.
 */
export function compileRewrite(rewriteOption: unknown, issues: Issues): Rewrite | undefined {
  const { source, destination } = Object(rewriteOption) as Partial<NextRewrite>
  checkKeys(issues, Object(rewriteOption), [
    'source',
    'destination',
    'has',
    'missing',
    'basePath',
    'locale',
  ])

  const sourceSegments = parseSegments(source)
  const destinationSegments = parseSegments(destination)
  if (sourceSegments === undefined) issues.add('source', unreadable)
  if (destinationSegments === undefined) issues.add('destination', unreadable)
  if (sourceSegments === undefined || destinationSegments === undefined) return undefined
  return (path) => fill(destinationSegments, match(sourceSegments, path.split('/').slice(1)))
}

const unreadable =
  'must be a path whose parameters are whole segments, such as /docs/:path*; give any other source a route of its own'

type Segment = { readonly text: string } | { readonly name: string; readonly repeat: string }

function parseSegments(pathOption: unknown): Segment[] | undefined {
  if (typeof pathOption !== 'string' || !pathOption.startsWith('/')) return undefined
  const [pathOnly = ''] = pathOption.split(/[?#]/, 1)
  const segmentTexts = pathOnly.split('/').slice(1)
  const segments: Segment[] = []
  for (const [index, segmentText] of segmentTexts.entries()) {
    const [, parameterName, repetition = ''] = parameter.exec(segmentText) ?? []
    const isLast = index === segmentTexts.length - 1
    if (parameterName !== undefined && (isLast || repetition === ''))
      segments.push({ name: parameterName, repeat: repetition })
    else if (literal.test(segmentText) || (segmentText === '' && isLast))
      segments.push({ text: segmentText.toLowerCase() })
    else return undefined
  }

  return segments.filter((segment) => !('text' in segment) || segment.text !== '')
}

type Values = ReadonlyMap<string, readonly string[]>

/**
 * Matches a path, without letter case as Next does, and returns the values of parameters; undefined if it does not
 * match.
 */
function match(pattern: readonly Segment[], path: readonly string[]): Values | undefined {
  const parameterValues = new Map<string, readonly string[]>()
  const pathParts = path.filter((pathPart) => pathPart !== '')
  for (const [index, segment] of pattern.entries()) {
    const pathPart = pathParts[index]
    if ('text' in segment) {
      if (pathPart?.toLowerCase() !== segment.text) return undefined
      continue
    }

    const restParts =
      segment.repeat === '*' || segment.repeat === '+'
        ? pathParts.slice(index)
        : pathParts.slice(index, index + 1)
    if (restParts.length === 0 && segment.repeat !== '*' && segment.repeat !== '?') return undefined
    parameterValues.set(segment.name, restParts)
    if (segment.repeat === '*' || segment.repeat === '+') return parameterValues
  }

  return pathParts.length <= pattern.length ? parameterValues : undefined
}

function fill(
  pattern: readonly Segment[],
  parameterValues: Values | undefined,
): string | undefined {
  if (parameterValues === undefined) return undefined
  const filledParts = pattern.flatMap((segment) =>
    'text' in segment ? [segment.text] : (parameterValues.get(segment.name) ?? []),
  )
  return `/${filledParts.join('/')}`
}
