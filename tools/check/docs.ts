/**
 * `npm run check:docs`: every name behind a door, and every member of it, has a docstring; what a `@param` names is
 * there; and docs/exports.md lists each of them (`node tools/check/docs.ts --write` writes it). deno reads the types, since TypeScript 7
 * has no interface for tools.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { basesOf, type Declaration, undocumented } from './rules/docs.ts'
import { sourceOf } from './rules/jsr.ts'
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
const stdout = execFileSync(
  'node_modules/.bin/deno',
  ['doc', '--json', '--no-lock', ...doors.keys()],
  {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  },
)
const { nodes } = JSON.parse(stdout) as Doc
const faults = new Set<string>()
const names = new Set<string>()
const declared = new Map<string, Declaration[]>()
for (const [url, { symbols }] of Object.entries(nodes)) {
  for (const { name, declarations = [] } of symbols) {
    names.add(`${doors.get(fileURLToPath(url)) ?? url} ${name}`)
    if (declarations.some(({ kind }) => kind !== 'reference')) declared.set(name, [...declarations])
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
checkReference()
if (names.size < 100) faults.add(`only ${names.size} names were found behind ${doors.size} doors`)
for (const fault of [...faults].sort()) console.error(fault)
console.log(
  faults.size === 0
    ? `docs: ${names.size} names behind ${doors.size} doors and ${members} members of them are documented`
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

/** The page of exports says what the sources say. */
function checkReference(): void {
  const page = 'docs/exports.md'
  const byDoor = new Map([...doors.values()].map((door): [string, ExportedName[]] => [door, []]))
  for (const [url, { symbols }] of Object.entries(nodes)) {
    const list = byDoor.get(doors.get(fileURLToPath(url)) ?? '')
    for (const { name } of symbols) {
      const [first] = declared.get(name) ?? []
      list?.push({ name, kind: first?.kind ?? 'type', doc: first?.jsDoc?.doc ?? '' })
    }
  }

  const text = renderReference(byDoor)
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
