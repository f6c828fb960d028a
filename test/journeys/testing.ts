/** Tests of one's own: the page's app under Vitest, node:test and Playwright. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill, type Page } from './support/pages.ts'
import { shell, shellOk } from './support/services.ts'

const path = 'docs/testing.md'

/** Node that reads TypeScript comes first, whatever `node` a shell would find. */
const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` }

export const testingJourney: Journey = {
  name: 'tests of an app',
  pages: [path],
  async walk(trip) {
    const app = await writeFiles(trip, trip.page(path))
    const page = trip.page(path)
    const run = (command: string): Promise<string> =>
      shellOk(page.next('sh', command).text, { cwd: trip.folder, env })

    await trip.step(`${path}: the tests of the app and of the gateway pass in Vitest`, async () =>
      assert.match(await run('vitest'), /Tests\s+5 passed/),
    )
    await trip.step(`${path}: the test of node:test passes`, async () =>
      assert.match(await run('--test'), /pass 1\b/),
    )
    await trip.step(`${path}: Chromium sees the account of a signed-in user`, async () =>
      assert.match(await run('playwright'), /1 passed/),
    )

    await trip.step(`${path}: the tests find an account that is open to everybody`, async () => {
      trip.write('app.ts', fill(app, { "requireSession({ signIn: '/' }), ": '' }))
      const { status, output } = await shell('npx vitest run', { cwd: trip.folder, env })
      assert.notEqual(status, 0)
      assert.match(output, /1 failed/)
    })

    await trip.step(`${path}: the browser says which cookie it ignored, and why`, async () => {
      const block = page.next('ts', 'rejectedCookies').text
      const text = fill(block, { 'console.log(': 'export const rejected = (' })
      const { rejected } = await trip.load<{ rejected: object }>('rejected.ts', text)
      assert.deepEqual(rejected, [{ line: '__Host-id=1; Path=/', problem: '__host- needs Secure' }])
      page.promises("[{ line: '__Host-id=1; Path=/', problem: '__host- needs Secure' }]")
    })
  },
}

/** Every file of the page, under the name in its first line. Returns the text of the app. */
async function writeFiles(trip: Trip, page: Page): Promise<string> {
  const port = `${await freePort()}`
  const chromium = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  const app = page.next('ts', '// app.ts').text
  trip.write('package.json', '{ "type": "module" }')
  trip.write('app.ts', app)
  for (const name of ['app.test.ts', 'account.node.ts'])
    trip.write(name, page.next('ts', `// ${name}`).text)

  trip.write('account.browser.js', page.next('js', '// account.browser.js').text)
  trip.write('server.js', fill(page.next('js', '// server.js').text, { '3000': port }))
  const settings = page.next('js', '// playwright.config.js').text
  const launch = `use: { launchOptions: { executablePath: '${chromium}' }, `
  trip.write('playwright.config.js', fill(settings, { '3000': port, 'use: { ': launch }))
  trip.write('gateway.test.ts', page.next('ts', '// gateway.test.ts').text)

  return app
}
