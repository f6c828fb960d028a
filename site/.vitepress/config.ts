/** The configuration of the site. Its sidebar is the list of docs/README.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { readEntryPoints } from '../entry-points.ts'
import { findSitePath, readSections, slugify } from '../pages.ts'

const root = join(import.meta.dirname, '../..')
const { exports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

export default defineConfig({
  title: 'Portcullis',
  description: 'Sessions and security for the edge.',
  lang: 'en',
  srcDir: '.pages',
  outDir: 'dist',
  cleanUrls: false,
  lastUpdated: false,
  // Pages name a reader's own machine.
  ignoreDeadLinks: 'localhostLinks',
  markdown: { anchor: { slugify } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Contents', link: '/contents' },
      { text: 'API', link: '/api/' },
      { text: version, link: '/changelog' },
    ],
    sidebar: createSidebar(),
    socialLinks: [{ icon: 'github', link: 'https://github.com/portcullis-edge/portcullis' }],
  },
})

function createSidebar(): DefaultTheme.SidebarItem[] {
  const contents = readFileSync(join(root, 'docs/README.md'), 'utf8')
  const sections = readSections(contents).map(({ title, pages }) => ({
    text: title,
    items: pages.map((page) => ({ text: page.title, link: `/${findSitePath(page.path)}` })),
  }))

  const api = readEntryPoints(exports).map(({ name }) => ({ text: name, link: `/api/${name}` }))
  return [...sections, { text: 'API', collapsed: true, items: api }]
}
