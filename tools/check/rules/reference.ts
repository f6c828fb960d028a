/** The page that lists every exported name, as pure functions over what `deno doc --json` says of them. */

/** A name behind an entry point. */
export interface ExportedName {
  readonly name: string
  /** Such as `function`, `interface`, `typeAlias`, `class`, `variable`. */
  readonly kind: string
  /** Its docstring. */
  readonly doc: string
}

const kinds: Readonly<Record<string, string>> = {
  function: 'function',
  interface: 'type',
  typeAlias: 'type',
  class: 'class',
  variable: 'value',
}

const introduction = `# Exports

This page lists every name that each entry point of the package exports, functions first. The pages of the [list](README.md)
explain how they are used, and your editor shows the complete docstrings. The page is generated from the sources.
`

/** The whole page. Entry points keep the order of package.json. */
export function renderReference(doors: ReadonlyMap<string, readonly ExportedName[]>): string {
  const sections = [...doors].map(([door, names]) => {
    const rows = [...names].sort(compareNames).map(renderRow)
    return `## ${door.replace('.', 'portcullis')}\n\n| name | kind | what it is |\n|---|---|---|\n${rows.join('\n')}\n`
  })

  return `${introduction}\n${sections.join('\n')}`
}

/** The first sentence of a docstring, on one line, as a cell of a table. */
export function firstSentence(doc: string): string {
  const [paragraph = ''] = doc.trim().split(/\n\s*\n/)
  const line = paragraph.replaceAll(/\s+/g, ' ').replaceAll(/\{@link (\S+?)\}/g, '`$1`')
  const sentence = /^.*?[.:](?= [A-Z`]|$)/.exec(line)?.[0] ?? line
  return sentence.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function renderRow({ name, kind, doc }: ExportedName): string {
  return `| \`${name}\` | ${kinds[kind] ?? kind} | ${firstSentence(doc)} |`
}

/** Functions and values before types, then by the alphabet. */
function compareNames(one: ExportedName, other: ExportedName): number {
  const rank = ({ kind }: ExportedName): number => (kinds[kind] === 'type' ? 1 : 0)
  return rank(one) - rank(other) || (one.name < other.name ? -1 : 1)
}
