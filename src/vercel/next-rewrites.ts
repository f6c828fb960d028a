/** Rewrites of next.config, read as far as a guard needs: which page an address is another name for. */
import { checkKeys, type Issues } from '../options/index.ts'

/** One entry of `rewrites()` in next.config whose destination is a page of the project. */
export interface NextRewrite {
  /** Such as `/team/:name` or `/docs/:path*`. */
  readonly source: string
  /** A path with the same parameters, such as `/people/:name`. */
  readonly destination: string
}

/** The destination of a path that the source matches; undefined where it does not match. */
export type Rewrite = (path: string) => string | undefined

/** A whole segment that is a parameter, with what may repeat it. Expressions in brackets are no part of it. */
const parameter = /^:([A-Za-z_]\w*)([*+?]?)$/
const literal = /^[^:(){}*+?]+$/

/**
 * Compiles a rewrite. A parameter is a whole segment: `:name`, `:name?`, `:name+` or `:name*`, the last two at the end of
 * the source. Whatever else Next's patterns can say is a fault: such a source needs a route of its own.
 */
export function compileRewrite(value: unknown, issues: Issues): Rewrite | undefined {
  const { source, destination } = Object(value) as Partial<NextRewrite>
  checkKeys(issues, Object(value), [
    'source',
    'destination',
    'has',
    'missing',
    'basePath',
    'locale',
  ])
  const from = parseSegments(source)
  const to = parseSegments(destination)
  if (from === undefined) issues.add('source', unreadable)
  if (to === undefined) issues.add('destination', unreadable)
  if (from === undefined || to === undefined) return undefined
  return (path) => fill(to, match(from, path.split('/').slice(1)))
}

const unreadable =
  'must be a path whose parameters are whole segments, such as /docs/:path*; give any other source a route of its own'

type Segment = { readonly text: string } | { readonly name: string; readonly repeat: string }

function parseSegments(value: unknown): Segment[] | undefined {
  if (typeof value !== 'string' || !value.startsWith('/')) return undefined
  const [path = ''] = value.split(/[?#]/, 1)
  const texts = path.split('/').slice(1)
  const segments: Segment[] = []
  for (const [index, text] of texts.entries()) {
    const [, name, repeat = ''] = parameter.exec(text) ?? []
    const last = index === texts.length - 1
    if (name !== undefined && (last || repeat === '')) segments.push({ name, repeat })
    else if (literal.test(text) || (text === '' && last))
      segments.push({ text: text.toLowerCase() })
    else return undefined
  }
  return segments.filter((segment) => !('text' in segment) || segment.text !== '')
}

type Values = ReadonlyMap<string, readonly string[]>

/** Next matches sources without letter case. */
function match(pattern: readonly Segment[], path: readonly string[]): Values | undefined {
  const values = new Map<string, readonly string[]>()
  const parts = path.filter((part) => part !== '')
  for (const [index, segment] of pattern.entries()) {
    const part = parts[index]
    if ('text' in segment) {
      if (part?.toLowerCase() !== segment.text) return undefined
      continue
    }
    const rest =
      segment.repeat === '*' || segment.repeat === '+'
        ? parts.slice(index)
        : parts.slice(index, index + 1)
    if (rest.length === 0 && segment.repeat !== '*' && segment.repeat !== '?') return undefined
    values.set(segment.name, rest)
    if (segment.repeat === '*' || segment.repeat === '+') return values
  }
  return parts.length <= pattern.length ? values : undefined
}

function fill(pattern: readonly Segment[], values: Values | undefined): string | undefined {
  if (values === undefined) return undefined
  const parts = pattern.flatMap((segment) =>
    'text' in segment ? [segment.text] : (values.get(segment.name) ?? []),
  )
  return `/${parts.join('/')}`
}
