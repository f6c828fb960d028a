/** The entry points of the package, as package.json lists them. */

/** A module that users import. */
export interface EntryPoint {
  /** What an import names, such as `portcullis/session`. */
  readonly name: string
  /** Path of its source. */
  readonly source: string
}

/** Reads the member `exports` of package.json. What is not code has no entry. */
export function readEntryPoints(
  exports: Readonly<Record<string, string | { readonly default: string }>>,
): EntryPoint[] {
  const entryPoints: EntryPoint[] = []
  for (const [key, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue
    entryPoints.push({ name: key.replace('.', 'portcullis'), source: findSource(target.default) })
  }

  return entryPoints
}

/** `dist/` is built from `src/`; `dist/node/` is built from the folder beside it. */
function findSource(built: string): string {
  const path = built.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')
  return path.startsWith('node/') ? path : `src/${path}`
}
