/** The packed tarball in a project of its own: what it holds, how it compiles, that it runs. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPacked, type Packed } from '../support/packed.ts'
import { startWorkerd } from '../support/workerd.ts'

let packed: Packed
beforeAll(() => {
  packed = installPacked([
    'bowser',
    'hono',
    'jose',
    'oauth4webapi',
    '@upstash/redis',
    '@upstash/ratelimit',
    'zod',
  ])
  cpSync('test/package/consumer', packed.folder, { recursive: true })
}, 120_000)
afterAll(() => packed.remove())

describe('the tarball', () => {
  it('holds code, types, maps, sources and papers, and nothing of the workshop', () => {
    expect(readdirSync(packed.installed).sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'src'].sort(),
    )
    const files = globSync('**/*', { cwd: packed.installed })
    expect(
      files.filter((file) => /\.(?:test|capnp|vars|env|tgz)\b|node_modules/.test(file)),
    ).toEqual([])
  })

  it('maps every line of code and every type to a source that is there', () => {
    const files = globSync('dist/**/*.{js,d.ts}', { cwd: packed.installed })
      .map((file) => file.replaceAll('\\', '/'))
      // The command and the Node door are built without maps: their sources are not in the tarball.
      .filter((file) => !/^dist\/(?:cli|node)\//.test(file))
    expect(files.length).toBeGreaterThan(400)
    for (const file of files) {
      const path = join(packed.installed, file)
      const name = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(readFileSync(path, 'utf8'))?.[1]
      expect(name, file).toBeDefined()
      const map = join(dirname(path), name ?? '')
      const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] }
      expect(sources, file).toHaveLength(1)
      for (const source of sources)
        expect(existsSync(join(dirname(map), source)), `${file}: ${source}`).toBe(true)
    }
  })

  it('needs nothing at run time but bowser, jose and oauth4webapi', () => {
    const manifest = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8'))
    expect(Object.keys(manifest.dependencies)).toEqual(['bowser', 'jose', 'oauth4webapi'])
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(Object.keys(manifest.scripts)).not.toContain(script)
    }
  })
})

describe.each([
  ['bundler', 'esnext'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
])('a project under moduleResolution %s', (moduleResolution, module) => {
  it.each([
    ['an application and six lines', ['app.ts', 'six-lines.ts']],
    ['what must and must not compile', globSync('types/*.ts', { cwd: 'test/package/consumer' })],
  ])('compiles %s', (_, files) => {
    expect(files.length).toBeGreaterThan(0)
    expect(compile(packed.folder, { moduleResolution, module }, files)).toBe('')
  })
})

describe('six lines', () => {
  it('serve sessions in a workerd without Node', async () => {
    const entry = join(packed.folder, 'six-lines.ts')
    const code = readFileSync(entry, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    expect(code).toHaveLength(6)
    const bindings = { SESSION_SECRET: 'mD4uXq7-1kTz9PwVb3_sYh6RfLcN8jEa' }
    const worker = await startWorkerd({ entry }, { bindings })
    try {
      const first = await fetch(worker.url)
      expect([first.status, await first.text()]).toEqual([200, '{"n":1}'])
      expect(first.headers.get('x-content-type-options')).toBe('nosniff')
      const cookie = first.headers.get('set-cookie') ?? ''
      expect(cookie).toMatch(/^__Host-session=[\w.-]+; /)
      const second = await fetch(worker.url, { headers: { cookie: cookie.split(';')[0] ?? '' } })
      expect(await second.text()).toBe('{"n":2}')
    } finally {
      await worker.stop()
    }
  })
})

/** What the compiler says, without the folder; nothing where all is well. */
function compile(folder: string, resolution: object, files: readonly string[]): string {
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false,
    lib: ['es2022', 'dom', 'dom.iterable'],
    target: 'es2022',
    types: [],
    ...resolution,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  try {
    execFileSync(resolve('node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout.replaceAll(relative('.', folder), '')
  }
}
