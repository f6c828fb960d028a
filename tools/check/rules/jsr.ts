/** What jsr.json promises, as pure functions over it, package.json and what `deno publish --dry-run` says. */

/** Either of the two, as far as they must agree. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly imports?: Readonly<Record<string, string>>
}

/** Where jsr.json is out of step. */
export function jsrFaults(npm: Manifest, jsr: Manifest): string[] {
  const faults: string[] = []
  if (!/^@[a-z][\w-]*\/portcullis$/.test(jsr.name))
    faults.push('jsr.json: name must be @scope/portcullis')

  for (const key of ['version', 'license'] as const) {
    if (npm[key] !== jsr[key])
      faults.push(`jsr.json: ${key} is ${jsr[key]}, in package.json ${npm[key]}`)
  }

  const { exports, imports } = inStep(npm)
  return [
    ...faults,
    ...differences('exports', exports, jsr.exports),
    ...differences('imports', imports, jsr.imports),
  ]
}

/** What follows from package.json: doors into the sources, packages as npm has them. */
export function inStep(npm: Manifest): {
  exports: Record<string, string>
  imports: Record<string, string>
} {
  const exports: Record<string, string> = {}
  for (const [door, target] of Object.entries(npm.exports)) {
    if (typeof target !== 'string') exports[door] = sourceOf(target.default)
  }

  const packages = Object.entries({ ...npm.dependencies, ...npm.peerDependencies })
  return {
    exports,
    imports: Object.fromEntries(packages.map(([name, range]) => [name, `npm:${name}@${range}`])),
  }
}

/** The source of a built file: `dist/` is made of `src/`, but for what is built of a folder beside it. */
export function sourceOf(built: string): string {
  return built.replace(/^\.\/dist\/(node\/)?(.*)\.js$/, (_, node, path) =>
    node ? `./node/${path}.ts` : `./src/${path}.ts`,
  )
}

function differences(
  key: string,
  wanted: Record<string, string>,
  found: Readonly<Record<string, unknown>> = {},
): string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)])
  return [...names]
    .filter((name) => wanted[name] !== found[name])
    .map(
      (name) =>
        `jsr.json: ${key} ${name} is ${found[name] ?? 'missing'}, should be ${wanted[name] ?? 'gone'}`,
    )
}

/** Each problem that `deno publish` tells of. */
export function problemsOf(said: string): Array<{ code: string; file: string; line: number }> {
  return [...said.matchAll(/^error\[([\w-]+)\]: [^\n]*\n\s*--> (\S+?):(\d+):\d+$/gm)].map(
    ([, code, path, line]) => ({
      code: code ?? '',
      file:
        /(?:^|[\\/])(src[\\/].*|node[\\/][\w-]+\.ts)$/
          .exec(path ?? '')?.[1]
          ?.replaceAll('\\', '/') ??
        path ??
        '',
      line: Number(line),
    }),
  )
}
