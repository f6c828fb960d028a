/** Follows the relative imports of built files, to publish what an entry can reach and nothing else. */
import { posix } from 'node:path'

/** A comment's line, in which an example may import files of an application. */
const commentLine = /^\s*(?:\/\*|\*|\/\/).*$/gm

/** `import ... from './x'`, `export ... from './x'`, and `import('./x')`, which declarations use for types. */
const relativeImport =
  /(?:^(?:import|export)\b[^;'"]*\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"\n]+)\1/gm

/**
 * Reads these files and every file that they import, directly or not. Declarations name sources (`./x.ts`), whose
 * declarations lie beside them (`./x.d.ts`).
 */
export function findReachable(
  entries: readonly string[],
  readText: (path: string) => string,
): Map<string, string> {
  const reached = new Map<string, string>()
  const waiting = entries.map((path) => posix.normalize(path))

  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue

    const text = readText(path)
    reached.set(path, text)
    for (const specifier of findImports(text)) {
      waiting.push(posix.join(posix.dirname(path), specifier.replace(/(?<!\.d)\.ts$/, '.d.ts')))
    }
  }

  return reached
}

function findImports(text: string): string[] {
  const code = text.replaceAll(commentLine, '')
  return [...code.matchAll(relativeImport)].map(([, , specifier = '']) => specifier)
}
