/** Undoes what esbuild does to a chunk and what would cost the bundle of an application. */
import { transform } from 'esbuild'

/** `import "./x.js"`, without a name. */
const bareImport = /^import "\.{1,2}\/[^"\n]+";\n/gm

/** A variable at the top of a module that holds a number, a truth value or a text. */
const literal = /^var (?=[\w$]+ = (?:-?[\d.]+(?:e[+-]?\d+)?|true|false|"(?:[^"\\\n]|\\.)*");$)/

/** Removes imports without a name: no module of the package has side effects, and bundlers warn of such imports. */
export function removeBareImports(code: string): string {
  return code.replaceAll(bareImport, '')
}

/** `import { a } from "./x.js"`, over one line or several. */
const namedImport = /^import [^"';]+ from "([^"]+)";\n/gm

/**
 * Sorts the imports of a chunk, so that a bundle of an application holds modules of one folder side by side, which gzip
 * compresses best. Without side effects the order is free.
 */
export function sortImports(code: string, keyOf: (specifier: string) => string): string {
  const imports = [...code.matchAll(namedImport)].map(([statement, specifier = '']) => ({
    statement,
    key: keyOf(specifier),
  }))
  imports.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))

  return imports.map(({ statement }) => statement).join('') + code.replaceAll(namedImport, '')
}

/**
 * Writes `const` again, for which esbuild writes `var`: a minifier inlines only the value of a constant. What the code
 * assigns to stays a `var`; esbuild says which names those are.
 */
export async function restoreConstants(code: string): Promise<string> {
  const lines = code.split('\n').map((line) => line.replace(literal, 'const '))
  const { warnings } = await transform(lines.join('\n'), {
    logOverride: { 'assign-to-constant': 'warning' },
    logLevel: 'silent',
  })

  for (const { location } of warnings.flatMap(({ notes }) => notes)) {
    const index = (location?.line ?? 0) - 1
    const line = lines[index]
    if (line !== undefined) lines[index] = line.replace(/^const /, 'var ')
  }

  return lines.join('\n')
}
