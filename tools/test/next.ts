/**
 * `npm run test:next`: the Next example as a user would have it. The packed library, `next build` and `next start` with the
 * guard as proxy.ts and as middleware.ts, a real Chromium and a real Redis; the portable tests in Next's edge sandbox; and
 * projects of every kind, attacked at every address that Next serves for a guarded page. `npm run test:next -- i18n export`
 * runs these parts alone: `edge`, `proxy.ts`, `middleware.ts`, `export`, `gateway`, and each test project by its name.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { launchBrowser, noBrowser } from '../../test/support/browser.ts'
import { noRedis, startRedis } from '../../test/support/redis.ts'
import { assertionKey } from '../dev/secret.ts'
import { type AddressSettings, listAttacks } from './next-addresses.ts'
import { type Check, everywhere, type Scene, stateless, stored } from './next-checks.ts'
import { type Front, listExportAttacks, serveExport, serveGateway } from './next-fronts.ts'
import { listLoginChecks } from './next-login.ts'
import { NextProject } from './next-project.ts'
import {
  attackPages,
  bare,
  exported,
  guardedProjects,
  look,
  projectChecks,
} from './next-projects.ts'
import { bundleSuite } from './suite.ts'

let [passed, failed] = [0, 0]
const idle = 60
const parts = process.argv.slice(2)
const runs = (part: string): boolean => parts.length === 0 || parts.includes(part)

if (noBrowser || noRedis) {
  console.error('test:next needs Chromium and redis-server: apt-get install chromium redis-server')
  console.log('0 passed, 1 failed')
  process.exit(1)
}
const project = new NextProject()
try {
  const [redis, browser] = [await startRedis(), await launchBrowser()]
  try {
    await timed('installed from the lock file and the packed tarball', async () =>
      project.install(),
    )
    if (runs('edge')) await sandbox()
    const secrets = {
      SESSION_SECRET: randomBytes(32).toString('base64url'),
      ASSERTION_KEY: await assertionKey(),
      SESSION_IDLE_SECONDS: `${idle}`,
    }
    const inRedis = { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token }
    for (const name of ['proxy.ts', 'middleware.ts'] as const) {
      if (!runs(name)) continue
      await timed(`built with ${name}`, async () => project.build(name))
      await drive(`${name}, sessions in cookies`, secrets, [...everywhere, ...stateless])
      await drive(`${name}, sessions in Redis`, { ...secrets, ...inRedis }, stored)
    }
    for (const test of guardedProjects.filter(({ name }) => runs(name))) {
      let folder = ''
      await timed(`built the project ${test.name}`, async () => {
        folder = project.buildTest(test)
      })
      const settings = test.settings as AddressSettings
      const attempt = async (name: string, env: Record<string, string>): Promise<void> => {
        const running = await project.start({ ...secrets, ...env }, folder)
        const scene = { url: running.url, folder, settings, browser, tree: test.tree }
        const before = failed
        for (const [title, run] of projectChecks) await check(`${name}: ${title}`, () => run(scene))
        await running.stop()
        if (failed > before) console.error(running.said())
      }
      await attempt(test.name, {})
      // The same guard without these options: it reads them from `request.nextUrl`.
      if (settings.basePath !== undefined || settings.i18n !== undefined)
        await attempt(`${test.name}, not told`, { GUARD_LEARNS: '1' })
    }
    if (runs('export')) await checkExport()
    if (runs('gateway')) await checkGateway(secrets)
  } finally {
    await browser.close()
    await redis.stop()
  }

  async function checkExport(): Promise<void> {
    let folder = ''
    await timed('built a static export', async () => {
      folder = project.buildTest(exported)
    })
    await withFront(await serveExport(folder), async ({ url, cookies }) => {
      await check('export: N2: no file of a guarded page is served to who may not see it', () =>
        attackPages(url, listExportAttacks(folder), cookies, 4),
      )
      await check('export: public pages show their images', async () => {
        const { images } = await look(browser, url)
        assert.deepEqual(
          images.map(([, width]) => width > 0),
          [true, true],
        )
      })
    })
  }

  async function checkGateway(env: Record<string, string>): Promise<void> {
    let folder = ''
    await timed('built a project of the pages router without a guard', async () => {
      folder = project.buildTest(bare)
    })

    const running = await project.start(env, folder)
    await withFront(await serveGateway(running.url), ({ url, cookies }) =>
      check('behind a gateway: no alias of a guarded page answers 200 to who may not see it', () =>
        attackPages(url, listAttacks(folder, {}), cookies, 10),
      ),
    )
    for (const [engine, run] of listLoginChecks(running.url)) {
      await check(`behind a gateway: a login and a logout in ${engine}`, run)
    }

    await running.stop()
  }

  async function withFront(front: Front, run: (front: Front) => Promise<void>): Promise<void> {
    try {
      await run(front)
    } finally {
      await front.stop()
    }
  }

  async function drive(
    what: string,
    env: Record<string, string>,
    checks: readonly Check[],
  ): Promise<void> {
    const running = await project.start(env)
    const scene: Scene = { url: running.url, browser, idle }
    const before = failed

    for (const [title, run] of checks) await check(`${what}: ${title}`, () => run(scene))
    await running.stop()
    if (failed > before) console.error(running.said())
  }
} catch (error) {
  failed++
  console.error(error)
} finally {
  project.remove()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)

async function check(title: string, run: () => Promise<unknown>): Promise<void> {
  try {
    const figure = await run()
    passed++
    console.log(`  ok      ${title}${typeof figure === 'string' ? ` (${figure})` : ''}`)
  } catch (error) {
    failed++
    console.log(`  FAILED  ${title}`)
    console.error(error)
  }
}

async function timed(what: string, run: () => Promise<void>): Promise<void> {
  const since = performance.now()
  await run()
  console.log(`${what} (${Math.round((performance.now() - since) / 1000)} s)`)
}

/** The portable tests in the sandbox that Next runs `middleware.ts` and edge routes in, which is not the package edge-runtime. */
async function sandbox(): Promise<void> {
  const files = await bundleSuite(project.at)
  const entry = `globalThis._ENTRIES = { middleware_suite: { default: async () => ({
    response: new Response(await suite.report()), waitUntil: Promise.resolve() }) } }`

  // Next's own modules, as its server calls them: there is no public way into the sandbox without a build.
  const host = `require('next/dist/server/node-environment-baseline')
const { run } = require('next/dist/server/web/sandbox')
const request = { method: 'GET', url: 'http://localhost/', headers: {}, signal: new AbortController().signal }
const edgeFunctionEntry = { assets: [], wasm: [], env: {} }
const paths = ['suite.js', 'entry.js'].map((name) => __dirname + '/' + name)
run({ name: 'suite', distDir: __dirname, paths, edgeFunctionEntry, request, useCache: false })
  .then(({ response }) => response.text())
  .then((text) => console.log(text))
  .then(() => process.exit(), (error) => { console.error(error); process.exit(1) })
`

  writeFileSync(join(project.at, 'entry.js'), entry)
  writeFileSync(join(project.at, 'sandbox.cjs'), host)

  const options = { cwd: project.at, timeout: 600_000, maxBuffer: 1 << 26 }
  const { stdout } = await promisify(execFile)(process.execPath, ['sandbox.cjs'], options)
  const report = JSON.parse(stdout.trimEnd().split('\n').pop() ?? '') as {
    passed: number
    failures: string[]
  }

  for (const failure of report.failures) console.error(`  next-edge: ${failure}`)
  if (report.passed === 0) throw new Error('no test ran in the sandbox of Next')

  passed += report.passed
  failed += report.failures.length
  console.log(
    `next-edge      ${report.passed} passed, ${report.failures.length} failed  (${files} files)`,
  )
}
