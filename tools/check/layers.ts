/** `npm run check:layers`: checks the files of `src/`, `worker/` and `node/` by the rules in tools/check/rules/layers.ts. */
import { globSync, readFileSync } from 'node:fs'
import { checkLayers } from './rules/layers.ts'

const paths = globSync(['src/**/*.ts', 'worker/**/*.ts', 'node/**/*.ts']).map((path) =>
  path.replaceAll('\\', '/'),
)
const problems = checkLayers(
  new Map(paths.sort().map((path) => [path, readFileSync(path, 'utf8')])),
)
for (const problem of problems) console.error(problem)
console.log(
  problems.length === 0
    ? `layers: ${paths.length} files keep to their layers, allowed imports and entry points`
    : `layers: ${problems.length} problems`,
)
process.exitCode = problems.length > 0 ? 1 : 0
