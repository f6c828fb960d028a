/** The packed library, installed once for all journeys, in a folder outside the repository. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shellOk } from './services.ts'

/** What the pages tell to install besides the library, and the libraries that people move away from. */
const fromHere = [
  '@hapi/iron',
  '@neondatabase/serverless',
  '@types/node',
  '@upstash/ratelimit',
  '@upstash/redis',
  'bun',
  'deno',
  'express',
  'fastify',
  'hono',
  'hono-sessions',
  'ioredis',
  'iron-session',
  'pg',
  'redis',
  'unstorage',
  'vitest',
  'wrangler',
  'zod',
]
/** The same that this repository does not use itself: pinned, so that a journey is the same tomorrow. */
const others = [
  '@hono/node-server@2.1.9',
  '@playwright/test@1.65.1',
  'cookie-session@2.1.1',
  'express-session@1.19.0',
  '@types/react@19.3.0',
  'next-auth@4.24.15',
  'next@16.4.5',
  'react@19.3.1',
  'react-dom@19.3.1',
  'typescript@5.9.3',
]

export interface Installation {
  readonly folder: string
  readonly tarball: string
}

/** Packs and installs. An installation that is in the folder already is used as it is. */
export async function install(wanted?: string): Promise<Installation> {
  const folder = wanted ?? mkdtempSync(join(tmpdir(), 'portcullis-journeys-'))
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'node_modules/portcullis'))) {
    if (!hasTarball(folder))
      await shellOk(`npm pack --silent --pack-destination '${folder}'`, { cwd: '.' })
    const tarball = findTarball(folder)
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      devDependencies: Record<string, string>
    }
    const packages = fromHere.map((name) => `${name}@${devDependencies[name]}`)
    const allowed = { bun: true, deno: true, esbuild: true, workerd: true, sharp: false }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', allowScripts: allowed }),
    )
    await shellOk(`npm install --no-save '${tarball}' ${[...packages, ...others].join(' ')}`, {
      cwd: folder,
    })
  }

  return { folder, tarball: findTarball(folder) }
}

function findTarball(folder: string): string {
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error(`there is no tarball in ${folder}`)
  return join(folder, name)
}

function hasTarball(folder: string): boolean {
  return readdirSync(folder).some((file) => file.endsWith('.tgz'))
}
