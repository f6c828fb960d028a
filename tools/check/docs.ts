/**
 * `npm run check:docs`: every name behind a door, and every member of it, has a docstring; what a `@param` names is
 * there; docs/exports.md lists each of them, and docs/options.md each member of a type of options
 * (`node tools/check/docs.ts --write` writes both). deno reads the types, since TypeScript 7 has no interface for tools.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { basesOf, type Declaration, undocumented } from './rules/docs.ts'
import { sourceOf } from './rules/jsr.ts'
import { findOptionTypes, findPlace, type OptionType, renderOptions } from './rules/options.ts'
import { type ExportedName, renderReference } from './rules/reference.ts'

interface Doc {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>
}
interface DocSymbol {
  readonly name: string
  readonly declarations?: readonly Declaration[]
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const doors = new Map<string, string>()
for (const [door, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue
  doors.set(resolve(sourceOf(target.default)), door)
}
const { nodes } = readDoc([...doors.keys()])
const faults = new Set<string>()
const names = new Set<string>()
const declared = new Map<string, Declaration[]>()
const typesByPlace = new Map<string, Declaration>()
for (const [url, { symbols }] of Object.entries(nodes)) {
  for (const { name, declarations = [] } of symbols) {
    names.add(`${doors.get(fileURLToPath(url)) ?? url} ${name}`)
    if (declarations.some(({ kind }) => kind !== 'reference')) declared.set(name, [...declarations])
    for (const declaration of declarations.filter(isType)) {
      const { filename, line } = declaration.location
      typesByPlace.set(`${filename}:${line}`, declaration)
    }
  }
}
let members = 0
for (const [name, declarations] of declared) {
  // The first of several overloads speaks for all.
  const [first] = declarations
  for (const declaration of declarations) {
    const place = relative('.', fileURLToPath(declaration.location.filename))
    const spoken =
      declaration.kind === 'function' && first
        ? { ...declaration, jsDoc: first.jsDoc ?? {} }
        : declaration
    const { checked, faults: found } = undocumented(name, spoken, inherited(declaration))
    members += checked
    for (const { line, what } of found) faults.add(`${place}:${line}: ${what}`)
  }
}
checkPage('docs/exports.md', renderReference(listExports()))
const allDeclarations = listDeclarations()
const optionTypes = findOptionTypes(listTypes(), allDeclarations)
checkPage('docs/options.md', renderOptions(optionTypes, allDeclarations))
if (optionTypes.length < 100) faults.add(`only ${optionTypes.length} types of options were found`)
if (names.size < 100) faults.add(`only ${names.size} names were found behind ${doors.size} doors`)
for (const fault of [...faults].sort()) console.error(fault)
console.log(
  faults.size === 0
    ? `docs: ${names.size} names behind ${doors.size} doors and ${members} members of them are documented; docs/options.md has ${optionTypes.length} types of options`
    : `docs: ${faults.size} faults`,
)
process.exitCode = faults.size > 0 ? 1 : 0

/** Members that a base behind a door has: what was said there holds here. */
function inherited(declaration: Declaration): Set<string> {
  const found = new Set<string>()
  for (const base of basesOf(declaration).flatMap((name) => declared.get(name) ?? [])) {
    for (const { name, jsDoc } of [...(base.def?.properties ?? []), ...(base.def?.methods ?? [])]) {
      if (jsDoc?.doc) found.add(name)
    }
    for (const name of inherited(base)) found.add(name)
  }

  return found
}

function listExports(): Map<string, ExportedName[]> {
  const byDoor = new Map([...doors.values()].map((door): [string, ExportedName[]] => [door, []]))
  for (const [url, { symbols }] of Object.entries(nodes)) {
    const list = byDoor.get(doors.get(fileURLToPath(url)) ?? '')
    for (const { name } of symbols) {
      const [first] = declared.get(name) ?? []
      list?.push({ name, kind: first?.kind ?? 'type', doc: first?.jsDoc?.doc ?? '' })
    }
  }

  return byDoor
}

/** Every exported type once, at the entry point whose folder holds it, or else at the first that exports it. */
function listTypes(): OptionType[] {
  const byPlace = new Map<string, OptionType>()
  for (const [url, { symbols }] of Object.entries(nodes)) {
    const door = doors.get(fileURLToPath(url)) ?? ''
    for (const { name, declarations = [] } of symbols) {
      for (const { location, def } of declarations) {
        const { filename, line } = def?.target ?? location
        const place = `${filename}:${line}`
        const declaration = typesByPlace.get(place)
        if (declaration === undefined) continue
        const near = filename.startsWith(url.replace(/[^/]+$/, '')) && door !== '.'
        const entryPoint = door.replace('.', 'portcullis')
        if (near || !byPlace.has(place)) byPlace.set(place, { name, entryPoint, declaration })
      }
    }
  }

  const order = [...doors.values()].map((door) => door.replace('.', 'portcullis'))
  return [...byPlace.values()].sort(
    (one, other) => order.indexOf(one.entryPoint) - order.indexOf(other.entryPoint),
  )
}

/** Every declaration of the sources, also those that nothing exports. */
function listDeclarations(): Map<string, Declaration> {
  const files = globSync(['src/**/*.ts', 'node/**/*.ts'])
  const found = new Map<string, Declaration>()
  for (const [url, { symbols }] of Object.entries(readDoc(['--private', ...files]).nodes)) {
    for (const { name, declarations = [] } of symbols) {
      for (const declaration of declarations) {
        if (isType(declaration)) found.set(findPlace(url, name), declaration)
      }
    }
  }

  return found
}

function isType({ kind }: Declaration): boolean {
  return kind === 'interface' || kind === 'typeAlias'
}

function readDoc(args: readonly string[]): Doc {
  const stdout = execFileSync('node_modules/.bin/deno', ['doc', '--json', '--no-lock', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  })
  return JSON.parse(stdout) as Doc
}

/** A page says what the sources say. */
function checkPage(page: string, text: string): void {
  if (process.argv.includes('--write')) writeFileSync(page, text)
  const written = readPage(page)
  const missing = text.split('\n').filter((line) => !written.includes(line))
  for (const line of missing) faults.add(`${page} lacks: ${line}`)
  if (missing.length === 0 && written !== text) faults.add(`${page} lists what is not exported`)
  if (written !== text) faults.add('If the sources are right: node tools/check/docs.ts --write')
}

function readPage(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
