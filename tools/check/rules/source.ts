/**
 * What a TypeScript file imports and exports, read from its text: TypeScript 7 has no stable API to ask, and esbuild
 * does not see type imports.
 */

/** One `import`, `export ... from` or `import()` of a file. */
export interface Import {
  /** The specifier; undefined when it is not written out. */
  readonly name: string | undefined
  /** It vanishes from the emitted JavaScript. */
  readonly typeOnly: boolean
}

// What stands between the word and `from`: a name, a list in braces, a star.
const statement =
  /^(?:import|export)\s+(type\s+(?!from\b))?(?:(?:[\w$]+\s*)?,?\s*(?:\{[^{}]*\}|\*(?:\s+as\s+[\w$]+)?)?\s*from\s+)?'([^']+)'/gm

/** Every import of the file, in whatever form and over however many lines; those in comments and strings are none. */
export function importsOf(text: string): Import[] {
  const code = codeOf(text)
  const found: Import[] = []

  for (const [, type, name] of code.matchAll(statement))
    found.push({ name, typeOnly: type !== undefined })
  for (const { 0: match, index } of codeOf(text, 'no strings').matchAll(
    /(?<![.\w$])import\s*\(/g,
  )) {
    const [, name, rest] =
      /^\s*'([^']+)'\s*,?\s*\)(.*)/.exec(code.slice(index + match.length)) ?? []
    const typeOnly = /\btypeof\s+$/.test(code.slice(0, index)) || /^\.[A-Z]/.test(rest ?? '')
    found.push({ name, typeOnly })
  }

  return found
}

/** What a file exports, by name. */
export interface ExportList {
  /** Sorted. There when the code runs. */
  readonly values: string[]
  /** Sorted. There for the compiler only. */
  readonly types: string[]
}

/** Every name the file exports; throws on `export *`, which does not say. */
export function exportsOf(text: string): ExportList {
  const code = codeOf(text)
  if (/^export\s+(?:type\s+)?\*/m.test(code))
    throw new Error('export * does not say what it exports')

  const [values, types] = [new Set<string>(), new Set<string>()]
  for (const [, allTypes, list = ''] of code.matchAll(/^export\s+(type\s+)?\{([^{}]*)\}/gm)) {
    for (const part of list.split(',').map((item) => item.trim())) {
      const [, type, name] = /^(type\s+)?(?:[\w$]+\s+as\s+)?([\w$]+)$/.exec(part) ?? []
      if (name) (allTypes || type ? types : values).add(name)
    }
  }

  const declared =
    /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(function\*?|const|class|interface|type)\s+([\w$]+)/gm
  for (const [, kind = '', name = ''] of code.matchAll(declared)) {
    const isType = kind === 'interface' || kind === 'type'
    ;(isType ? types : values).add(name)
  }

  return { values: [...values].sort(), types: [...types].sort() }
}

/** The file without its comments, without what its template literals say, and if asked without its strings; in place. */
export function codeOf(text: string, without: 'no strings' | '' = ''): string {
  let out = ''
  let at = 0

  // Braces inside `${}`, one count for each template around them.
  const braces: number[] = []
  while (at < text.length) {
    const [end, is] = token(text, at, out, braces)
    const part = text.slice(at, end)
    const keep = is === 'code' || (is === 'string' && without === '')

    out += keep ? part : part.replace(/[^\n]/g, ' ')
    at = end
  }

  return out
}

/** Where the regular expressions of a file stand, without their flags; those in comments, strings and templates are none. */
export function regexAt(text: string): Array<{ readonly at: number; readonly end: number }> {
  const found: Array<{ at: number; end: number }> = []
  const braces: number[] = []
  let before = ''

  for (let at = 0; at < text.length; ) {
    const [end, is] = token(text, at, before, braces)
    if (is === 'string' && text[at] === '/') found.push({ at, end })
    before = (before + (is === '' ? ' ' : text.slice(at, end))).slice(-40)
    at = end
  }

  return found
}

/** Where the token at `at` ends and what it is. */
function token(
  text: string,
  at: number,
  before: string,
  braces: number[],
): [end: number, is: 'code' | 'string' | ''] {
  const char = text[at] ?? ''
  const two = text.slice(at, at + 2)
  if (two === '//') return [endOf(text, '\n', at, 0), '']
  if (two === '/*') return [endOf(text, '*/', at + 2, 2), '']
  if (char === "'" || char === '"') return [quoted(text, at, char), 'string']
  if (char === '`') return [template(text, at + 1, braces), '']

  if (char === '{' && braces.length > 0) braces.push((braces.pop() ?? 0) + 1)
  if (char === '}' && braces.length > 0) {
    const open = braces.pop() ?? 0
    if (open === 0) return [template(text, at + 1, braces), '']
    braces.push(open - 1)
  }

  // A slash begins a regular expression where no value can have ended.
  if (
    char === '/' &&
    /(?:^|[(,=:[!&|?{};+\-*%<>~]|\b(?:return|typeof|case|in|of|await))\s*$/.test(before.slice(-40))
  ) {
    return [regexp(text, at), 'string']
  }

  return [at + 1, 'code']
}

function endOf(text: string, mark: string, from: number, more: number): number {
  const at = text.indexOf(mark, from)
  return at === -1 ? text.length : at + more
}

function quoted(text: string, at: number, quote: string): number {
  let end = at + 1
  while (end < text.length && text[end] !== quote && text[end] !== '\n')
    end += text[end] === '\\' ? 2 : 1
  return end + 1
}

/** Up to the closing backtick, or up to `${`, which {@link token} counts the way out of. */
function template(text: string, at: number, braces: number[]): number {
  let end = at
  for (; end < text.length; end += text[end] === '\\' ? 2 : 1) {
    if (text[end] === '`') return end + 1
    if (text.startsWith('${', end)) {
      braces.push(0)
      return end + 2
    }
  }

  return end
}

function regexp(text: string, at: number): number {
  let end = at + 1
  for (
    let inClass = false;
    end < text.length && text[end] !== '\n';
    end += text[end] === '\\' ? 2 : 1
  ) {
    if (text[end] === '[') inClass = true
    else if (text[end] === ']') inClass = false
    else if (text[end] === '/' && !inClass) return end + 1
  }

  return end
}
