/** The page that lists the members of every exported type of options, as pure functions over `deno doc --json`. */
import { dirname, join } from 'node:path'
import type { Declaration } from './docs.ts'
import { type DocType, printType } from './print-type.ts'

/** A declaration and the entry point whose section shows it. */
export interface OptionType {
  readonly name: string
  readonly entryPoint: string
  readonly declaration: Declaration
}

/** Declarations by `findPlace`, also those that no entry point exports. */
export type Declarations = ReadonlyMap<string, Declaration>

type Member = NonNullable<NonNullable<Declaration['def']>['properties']>[number]

/** Names of types that users write: options, and what options are made of. */
const optionName =
  /(?:Options?|Config|Settings|Rules?|Policy|Args|Upstream|Route|Throttle|Maintenance)$/

const introduction = `# Every option

This page lists the members of every exported type of options, by entry point. Read it to look up one option; the pages of the
[list](README.md) explain options together and show them in use. The page is generated
from the docstrings that your editor shows.
`

/** The key of a declaration: its file and its name. */
export function findPlace(file: string, name: string): string {
  return `${file.replace('file://', '')}#${name}`
}

/**
 * The types of options among these: by their name, and the objects that a member of another one takes. An object with
 * methods is made by a function of this package, and not written by users.
 */
export function findOptionTypes(
  types: readonly OptionType[],
  declarations: Declarations,
): OptionType[] {
  const written = types.filter(({ declaration }) => (declaration.def?.methods ?? []).length === 0)
  const found = new Set(written.filter(({ name }) => optionName.test(name)))
  for (const type of found) {
    const referenced = new Set<string>()
    collectNames(type.declaration.def?.tsType, referenced)
    for (const { tsType } of listMembers(type.declaration, declarations))
      collectNames(tsType, referenced)
    for (const other of written) {
      const { name, declaration } = other
      if (referenced.has(name) && listMembers(declaration, declarations).length > 0)
        found.add(other)
    }
  }

  return written.filter((type) => found.has(type))
}

/** Names of types in a type. Arguments and results of functions are left out: users receive these. */
function collectNames(type: unknown, names: Set<string>): void {
  if (typeof type !== 'object' || type === null) return
  const { kind, value } = type as DocType
  if (kind === 'fnOrConstructor') return
  if (kind === 'typeRef') names.add((value as { typeName: string }).typeName)
  for (const part of Object.values(type)) collectNames(part, names)
}

/** Members of an interface and of its bases that no entry point exports, or of an alias for an object. */
function listMembers(declaration: Declaration, declarations: Declarations): Member[] {
  const { def, location } = declaration
  if (def?.tsType !== undefined) return listLiteralMembers(def.tsType)

  const inherited = listBases(declaration).flatMap((base) => {
    const found = findInternal(base, location.filename, declarations)
    return found === undefined ? [] : listMembers(found, declarations)
  })
  const own = def?.properties ?? []
  const names = new Set(own.map(({ name }) => name))
  return [...inherited.filter(({ name }) => !names.has(name)), ...own]
}

/** Of an intersection or a union the members of each object in it. */
function listLiteralMembers(type: DocType): Member[] {
  if (type.kind === 'typeLiteral')
    return [...((type.value as { properties?: readonly Member[] }).properties ?? [])]
  if (type.kind === 'parenthesized') return listLiteralMembers(type.value as DocType)
  if (type.kind !== 'union' && type.kind !== 'intersection') return []
  return (type.value as readonly DocType[]).flatMap(listLiteralMembers)
}

function listBases({ def }: Declaration): readonly DocType[] {
  if (typeof def?.extends !== 'object') return []
  return def.extends.map(({ kind = 'typeRef', repr, value }) => ({ kind, repr, value }))
}

interface Reference {
  readonly typeName: string
  readonly resolution?: { readonly kind: string; readonly specifier?: string }
}

function findInternal(
  base: DocType,
  file: string,
  declarations: Declarations,
): Declaration | undefined {
  const { typeName, resolution } = base.value as Reference
  const { specifier = '' } = resolution ?? {}
  const path = file.replace('file://', '')
  const found = specifier === '' ? path : join(dirname(path), specifier)
  return declarations.get(findPlace(found, typeName))
}

/** The whole page. Entry points keep the order of the types. */
export function renderOptions(types: readonly OptionType[], declarations: Declarations): string {
  const exported = new Set(types.map(({ name }) => name))
  const internal = new Map([...declarations].filter(([place]) => !exported.has(readName(place))))
  const entryPoints = [...new Set(types.map(({ entryPoint }) => entryPoint))]
  const sections = entryPoints.map((entryPoint) => {
    const own = types
      .filter((type) => type.entryPoint === entryPoint)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
    const texts = own.map((type) => renderType(type, exported, internal))
    return `## ${entryPoint}\n\n${texts.join('\n')}`
  })

  return `${introduction}\n${sections.join('\n')}`
}

function readName(place: string): string {
  return place.slice(place.indexOf('#') + 1)
}

function renderType(
  { name, declaration }: OptionType,
  exported: ReadonlySet<string>,
  internal: Declarations,
): string {
  const members = listMembers(declaration, internal)
  const rows = members.map(renderMember)
  const table = `| option | type | meaning |\n|---|---|---|\n${rows.join('\n')}\n`
  const parts = [
    `### ${name}`,
    flatten(declaration.jsDoc?.doc ?? ''),
    describeBases(declaration, exported),
    rows.length > 0 ? table : describeAlias(declaration),
  ]

  return parts.filter((part) => part !== '').join('\n\n')
}

/** Bases that have a table of their own, and those that `Omit` takes members from. */
function describeBases(declaration: Declaration, exported: ReadonlySet<string>): string {
  const bases = listBases(declaration)
    .filter(({ value }) => {
      const { typeName } = value as Reference
      return exported.has(typeName) || typeName === 'Omit'
    })
    .map((base) => `\`${printType(base)}\``)
  return bases.length === 0 ? '' : `It also has the options of ${bases.join(' and ')}.`
}

function describeAlias({ def }: Declaration): string {
  return def?.tsType === undefined ? '' : `It is \`${printType(def.tsType)}\`.\n`
}

function renderMember({ name, optional, tsType, jsDoc }: Member): string {
  const type = printType(tsType).replaceAll('|', '\\|')
  const required = optional === true ? '' : ' (required)'
  const [fallback] = (jsDoc?.tags ?? []).map(readDefault).filter((text) => text !== '')
  // A tag that stands on the line of its text is no tag for deno.
  const text = flatten(jsDoc?.doc ?? '').replace(/ @default (.+?)\.?$/, ' Default: $1.')
  const meaning = [text, fallback].filter(Boolean).join(' ')

  return `| \`${name}\`${required} | \`${type}\` | ${meaning} |`
}

/** deno reads a default that is a literal or a link as a tag of its own, any other as an unknown tag. */
function readDefault({ kind, value = '' }: { kind: string; value?: string }): string {
  const text = kind === 'default' ? value : /^@default\s+(.*)$/s.exec(value)?.[1]
  return text === undefined ? '' : `Default: ${flatten(text).replace(/\.$/, '')}.`
}

/** A docstring on one line, as a cell of a table. Angle brackets outside code would be HTML. */
function flatten(doc: string): string {
  return doc
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{?@link ([^\s}]+)\}?/g, '`$1`')
    .replaceAll('|', '\\|')
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('')
}
