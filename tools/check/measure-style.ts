/**
 * `node tools/check/measure-style.ts [folder]` prints how the TypeScript of a folder's `src/` is written: names, line lengths,
 * blank lines, complexity. The folder has a tsconfig.json; default `.`. It measures other projects as well as this one.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { API } from 'typescript/unstable/sync'
import { sourceOf } from './rules/jsr.ts'
import { type FileStyle, measureFile, type Style, summarizeStyle } from './rules/style.ts'

/** What Biome measures of functions. */
export interface FunctionShape {
  /** The highest cognitive complexity, and where it is. */
  readonly cognitiveMax: number
  readonly cognitiveWorst: string
  /** Functions whose cognitive complexity is over 20, as `file:line complexity`. */
  readonly complexFunctions: readonly string[]
  /** Functions over 60 lines, blank lines not counted, as `file:line`. */
  readonly longFunctions: readonly string[]
  /** Functions with more than four parameters, as `file:line`. */
  readonly manyParameters: readonly string[]
}

/** Everything that is measured of one project. */
export interface ProjectStyle extends Style, FunctionShape {
  /** Functions behind an entry point of package.json that have no `@example`. */
  readonly withoutExample: readonly string[]
}

/** Measures the project in a folder. */
export function measureProject(folder: string): ProjectStyle {
  const { files, withoutExample } = measureSyntax(resolve(folder))
  return { ...summarizeStyle(files), ...measureFunctions(resolve(folder)), withoutExample }
}

function measureSyntax(folder: string): { files: FileStyle[]; withoutExample: string[] } {
  const api = new API()
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(folder, 'tsconfig.json')] })
    const [project] = snapshot.getProjects()
    if (project === undefined) throw new Error(`No project in ${folder}`)

    const files: FileStyle[] = []
    for (const path of project.rootFiles) {
      const source = project.program.getSourceFile(path)
      const name = relative(folder, path).replaceAll('\\', '/')
      if (name.startsWith('src/') && source !== undefined) files.push(measureFile(name, source))
    }

    return { files, withoutExample: findWithoutExample(folder) }
  } finally {
    api.close()
  }
}

/** Follows the export lines of each entry point to the function and looks into the comment above it. */
function findWithoutExample(folder: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports?: Record<string, string | { default?: string }>
  }
  const missing = new Set<string>()

  for (const target of Object.values(exports ?? {})) {
    if (typeof target === 'string' || target.default === undefined) continue
    const index = join(folder, sourceOf(target.default))

    for (const { name, file } of exportedNames(index)) {
      const problem = missingExample(name, file)
      if (problem) missing.add(`${file.slice(folder.length + 1)} ${name}`)
    }
  }

  return [...missing].sort()
}

interface ExportedName {
  readonly name: string
  readonly file: string
}

function exportedNames(index: string): ExportedName[] {
  const names: ExportedName[] = []
  const text = readFileSync(index, 'utf8')

  for (const [, list = '', from = ''] of text.matchAll(
    /^export\s+\{([^{}]*)\}\s+from\s+'(\.[^']+)'/gm,
  )) {
    for (const part of list.split(',')) {
      const name = /^\s*([\w$]+)/.exec(part)?.[1]
      if (name !== undefined && name !== 'type') names.push({ name, file: join(index, '..', from) })
    }
  }

  for (const [, name = ''] of text.matchAll(functionLine)) names.push({ name, file: index })
  return names
}

const functionLine =
  /^export\s+(?:async\s+)?(?:function\*?\s+([\w$]+)|const\s+([\w$]+)[^=\n]*=\s*(?:async\s*)?(?:\(|function))/gm

/** True where the file declares a function of this name and the comment above its first overload has no `@example`. */
function missingExample(name: string, file: string): boolean {
  const text = readFileSync(file, 'utf8')
  const declared = [...text.matchAll(functionLine)].find((match) => (match[1] ?? match[2]) === name)
  if (declared === undefined) return false

  const before = text.slice(0, declared.index)
  const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(before)?.[0] ?? ''

  return !comment.includes('@example')
}

const biomeRules = {
  noExcessiveCognitiveComplexity: { level: 'error', options: { maxAllowedComplexity: 1 } },
  noExcessiveLinesPerFunction: {
    level: 'error',
    options: { maxLines: 60, skipBlankLines: true },
  },
  useMaxParams: { level: 'error', options: { max: 4 } },
}

interface BiomeDiagnostic {
  readonly category: string
  readonly message: string
  readonly location: { readonly path: string; readonly start: { readonly line: number } }
}

/** Runs Biome with a configuration of its own, whose lowest limit makes it say the complexity of every function. */
function measureFunctions(folder: string): FunctionShape {
  const config = mkdtempSync(join(tmpdir(), 'measure-style-'))
  try {
    const rules = { preset: 'none', complexity: biomeRules }
    writeFileSync(join(config, 'biome.json'), JSON.stringify({ root: true, linter: { rules } }))
    return readShape(runBiome(folder, config))
  } finally {
    rmSync(config, { recursive: true })
  }
}

function runBiome(folder: string, config: string): readonly BiomeDiagnostic[] {
  const biome = resolve('node_modules/.bin/biome')
  const options = [
    `--config-path=${config}`,
    '--max-diagnostics=none',
    '--reporter=json',
    '--files-max-size=10000000',
  ]

  let output: string
  try {
    output = execFileSync(biome, ['lint', ...options, 'src'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (error) {
    output = (error as { stdout: string }).stdout // it found something, so it ends with 1
  }

  return (JSON.parse(output) as { diagnostics: BiomeDiagnostic[] }).diagnostics
}

function readShape(diagnostics: readonly BiomeDiagnostic[]): FunctionShape {
  const place = ({ location }: BiomeDiagnostic): string => `${location.path}:${location.start.line}`
  const byRule = (rule: string): BiomeDiagnostic[] =>
    diagnostics.filter(({ category }) => category === `lint/complexity/${rule}`)

  const complexities = byRule('noExcessiveCognitiveComplexity')
    .map((diagnostic) => ({
      at: place(diagnostic),
      complexity: Number(/complexity of (\d+)/.exec(diagnostic.message)?.[1] ?? 0),
    }))
    .sort((a, b) => b.complexity - a.complexity)

  const [worst] = complexities

  return {
    cognitiveMax: worst?.complexity ?? 0,
    cognitiveWorst: worst?.at ?? '',
    complexFunctions: complexities
      .filter(({ complexity }) => complexity > 20)
      .map(({ at, complexity }) => `${at} ${complexity}`),
    longFunctions: byRule('noExcessiveLinesPerFunction').map(place),
    manyParameters: byRule('useMaxParams').map(place),
  }
}

if (import.meta.main) {
  for (const [measure, value] of Object.entries(measureProject(process.argv[2] ?? '.'))) {
    const list: unknown[] | undefined = Array.isArray(value) ? value : undefined
    console.log(`${measure}: ${list?.length ?? value}`)
    for (const item of list ?? []) console.log(`  ${item}`)
  }
}
