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
  it('holds code, types and papers, and nothing of the workshop', () => {
    expect(readdirSync(packed.installed).sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'].sort(),
    )
    const files = globSync('dist/**/*.*', { cwd: packed.installed })
    expect(files.filter((file) => !/(?:\.js|\.d\.ts)$/.test(file))).toEqual([])
    expect(files.length).toBeLessThan(700)
  })

  it('names no file that it does not hold', () => {
    // The command is one file, and holds the files that it writes as text.
    const files = globSync('dist/**/*.{js,d.ts}', { cwd: packed.installed }).filter(
      (file) => !file.endsWith('cli/main.js'),
    )
    expect(files.length).toBeGreaterThan(100)
    for (const file of files) {
      const text = readFileSync(join(packed.installed, file), 'utf8')
      expect(text, file).not.toContain('sourceMappingURL')
      for (const [, specifier = ''] of text.matchAll(
        /^(?:import|export) .*from ['"](\.[^'"]+)/gm,
      )) {
        const named = join(packed.installed, dirname(file), specifier.replace(/\.ts$/, '.d.ts'))
        expect(existsSync(named), `${file}: ${specifier}`).toBe(true)
      }
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
