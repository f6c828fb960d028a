/** The settings of project.json, which the guard reads too. */
import { join } from 'node:path'
import type { NextConfig } from 'next'
import project from './project.json' with { type: 'json' }

const { rewrites, ...settings } = project as {
  rewrites?: { source: string; destination: string }[]
} & NextConfig

const config: NextConfig = {
  poweredByHeader: false,
  // Dependencies lie two folders above.
  turbopack: { root: join(import.meta.dirname, '../..') },
  typescript: { ignoreBuildErrors: true },
  ...settings,
  ...(rewrites && { rewrites: async () => rewrites }),
}

export default config
