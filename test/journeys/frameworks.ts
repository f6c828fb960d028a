/** SvelteKit, React Router and Astro by their page: each is installed, built and started in an empty folder. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import {
  astroProject,
  type FrameworkProject,
  lateMs,
  reactRouterProject,
  svelteKitProject,
} from './support/framework-projects.ts'
import type { Journey, Trip } from './support/journey.ts'
import { eventually, run, shellOk } from './support/services.ts'
import { createVisitor } from './support/visitor.ts'

const path = 'docs/frameworks.md'
/** React Router sends a page to crawlers, and to curl, in one part. */
const browserAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`

/** What a framework adds to the page's blocks. */
interface FrameworkVisit {
  readonly name: string
  /** Language of the blocks of the page, and their number. */
  readonly blocks: ReadonlyArray<readonly [info: string, count: number]>
  readonly project: FrameworkProject
  readonly login: string
  readonly logout: string
  /** Fields of the form that signs out. */
  readonly logoutFields?: Readonly<Record<string, string>>
  /** Status of a form of another site, where the framework rejects it before the stack. */
  readonly foreignStatus?: number
  /** A page that is sent in two parts. */
  readonly late?: string
  /** Data of a page, under the path at which the framework's own client asks for it. */
  readonly data?: string
  /** A page that was built before. */
  readonly prerendered?: string
}

const visits: readonly FrameworkVisit[] = [
  {
    name: 'SvelteKit',
    blocks: [['ts sveltekit', 3]],
    project: svelteKitProject,
    ...{ login: '/?/login', logout: '/?/logout', late: '/late', data: '/__data.json' },
  },
  {
    name: 'React Router',
    blocks: [
      ['ts react-router', 1],
      ['tsx react-router', 2],
    ],
    project: reactRouterProject,
    ...{ login: '/?index', logout: '/?index', logoutFields: { do: 'logout' } },
    ...{ late: '/late', data: '/_.data', foreignStatus: 400 },
  },
  {
    name: 'Astro',
    blocks: [['ts astro', 3]],
    project: astroProject,
    ...{ login: '/login', logout: '/logout', late: '/late', prerendered: '/static' },
  },
]

export const frameworkJourneys: readonly Journey[] = visits.map((visit) => ({
  name: visit.name,
  pages: [path],
  walk: (trip) => walkFramework(trip, visit),
}))

async function walkFramework(trip: Trip, visit: FrameworkVisit): Promise<void> {
  const { name, project } = visit
  const folder = trip.apart()
  const port = await freePort()
  const visitor = createVisitor(`http://localhost:${port}`)

  await trip.step(`${path}: ${name} builds with the files of the page`, async () => {
    writeProject(trip, folder, visit)
    const packages = [trip.tarball, 'hono@4.13.19', ...project.packages].join(' ')
    await shellOk(`npm install --ignore-scripts ${packages}`, { cwd: folder, env: { PATH } })
    const env = { PATH, ORIGIN: `http://localhost:${port}` }
    await shellOk(project.build, { cwd: folder, env })
  })

  await trip.step(`${path}: ${name} starts, and its pages have the headers`, async () => {
    const secret = await shellOk('npx portcullis secret --plain', { cwd: folder, env: { PATH } })
    const env = { PATH, PORT: `${port}`, HOST: '127.0.0.1', ORIGIN: `http://localhost:${port}` }
    const server = trip.use(
      run('bash', ['-c', project.start], {
        cwd: folder,
        env: { ...env, SESSION_SECRET: secret.trim() },
      }),
    )
    const home = await eventually(() => visitor.open('/')).catch((error) => {
      throw new Error(server.said(), { cause: error })
    })
    assert.equal(findUser(home.text), 'nobody', home.text)
    const missing = await visitor.open('/nowhere')
    assert.deepEqual(
      [missing.status, missing.headers.get('x-content-type-options')],
      [404, 'nosniff'],
    )
  })

  await trip.step(`${path}: ${name} signs a user in and out, and no other site can`, async () => {
    const foreign = await visitor.submit(visit.login, { user: 'eve' }, 'https://evil.example')
    assert.equal(foreign.status, visit.foreignStatus ?? 403)
    assert.equal((await visitor.submit(visit.login, { user: 'ada' })).status, 303)
    assert.equal(findUser((await visitor.open('/')).text), 'ada')
    if (visit.data !== undefined) assert.match((await visitor.send('GET', visit.data)).text, /ada/)
    assert.equal((await visitor.submit(visit.logout, visit.logoutFields)).status, 303)
    assert.equal(findUser((await visitor.open('/')).text), 'nobody')
  })

  await walkLimits(trip, visit, `http://localhost:${port}`)
}

/** The promises about streams and about pages that no hook sees. */
async function walkLimits(
  trip: Trip,
  { name, late, prerendered }: FrameworkVisit,
  origin: string,
): Promise<void> {
  const page = trip.page(path)
  if (late !== undefined)
    await trip.step(`${path}: ${name} streams a page through the stack`, async () => {
      page.promises('Streaming works: the head is sent with the first byte of the framework')
      const began = performance.now()
      const response = await fetch(`${origin}${late}`, { headers: { 'user-agent': browserAgent } })
      const reader = response.body?.getReader()
      const first = new TextDecoder().decode((await reader?.read())?.value)
      const firstMs = performance.now() - began
      assert.match(first, /the first part/)
      assert.doesNotMatch(first, /the late part/)
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
      let rest = ''
      for (let part = await reader?.read(); !part?.done; part = await reader?.read())
        rest += new TextDecoder().decode(part?.value)
      assert.match(rest, /the late part/)
      assert.ok(performance.now() - began >= lateMs && firstMs < performance.now() - began)
    })

  if (prerendered !== undefined)
    await trip.step(`${path}: a prerendered page of ${name} has no headers of ours`, async () => {
      page.promises('Static files and prerendered pages.')
      const response = await fetch(`${origin}${prerendered}`)
      assert.deepEqual(
        [response.status, response.headers.get('x-content-type-options')],
        [200, null],
      )
    })
}

function writeProject(trip: Trip, folder: string, { blocks, project }: FrameworkVisit): void {
  const write = (name: string, text: string): void => {
    const target = join(folder, name)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  for (const [name, text] of Object.entries(project.files)) write(name, text)

  for (const [info, count] of blocks) {
    const page = trip.page(path)
    for (let index = 0; index < count; index++) {
      const { text } = page.next(info)
      const [, name] = /^\/\/ (\S+)\n/.exec(text) ?? []
      assert.ok(name, `a block of ${path} does not name its file:\n${text}`)
      write(name, text)
    }
  }
}

function findUser(html: string): string | undefined {
  return /id="user"[^>]*>([^<]*)/.exec(html)?.[1]
}
