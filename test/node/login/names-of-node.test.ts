import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Everything that the door of the login exports, as an application for Workers bundles it. */
async function bundleDoor(): Promise<{ readonly text: string; readonly imports: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: ['src/login/index.ts'],
    bundle: true,
    write: false,
    metafile: true,
    minifySyntax: true,
    treeShaking: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2024',
    external: ['hono', 'hono/*', 'node:*'],
    logLevel: 'silent',
  })
  const imports = Object.values(metafile.outputs).flatMap((output) =>
    output.imports.map(({ path }) => path),
  )
  return { text: outputFiles[0]?.text ?? '', imports }
}

/** Names that only Node has, and those that bare workerd lacks. */
const nodeNames =
  /(?<![\w$.'"`-])(?:process|Buffer|global|require|__dirname|__filename|setImmediate)\b(?=[.([])/g

test('116: no file behind the door of the login imports or names anything of Node', async () => {
  const { text, imports } = await bundleDoor()
  expect(text.length).toBeGreaterThan(100_000)
  expect(imports.filter((path) => !path.startsWith('hono'))).toEqual([])
  expect(text.match(nodeNames) ?? []).toEqual([])
})
