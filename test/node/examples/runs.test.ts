/** Examples without a server print what their READMEs say. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')

it.each(['hono-app', 'vercel-function', 'mcp'])(
  'examples/%s prints what its README says',
  (name) => {
    const run = spawnSync(process.execPath, [`examples/${name}/main.ts`], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(run.stderr).toBe('')
    const readme = readFileSync(join(root, `examples/${name}/README.md`), 'utf8')
    expect(run.stdout).toBe(/```text\n([^`]*)```/.exec(readme)?.[1])
  },
)
