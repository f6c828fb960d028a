/** The documentation site: which pages it has, where their links lead there, and what counts as a dead link. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../../site/entry-points.ts'
import {
  convertPage,
  findDeadLinks,
  findSitePath,
  readBuiltPage,
  readSections,
  slugify,
} from '../../../site/pages.ts'

const contents = readFileSync('docs/README.md', 'utf8')

describe('docs/README.md', () => {
  it('has the four sections of the sidebar in their order', () => {
    expect(readSections(contents).map(({ title }) => title)).toEqual([
      'Getting started',
      'Guides',
      'Reference',
      'Background',
    ])
  })

  it('lists every page of docs once', () => {
    const listed = readSections(contents).flatMap(({ pages }) => pages.map(({ path }) => path))
    const pages = globSync('docs/*.md').filter((path) => path !== 'docs/README.md')
    expect(listed.filter((path) => /^docs\/[^/]+$/.test(path)).sort()).toEqual(pages.sort())
    expect(new Set(listed).size).toBe(listed.length)
  })

  it('needs a page in each section', () => {
    expect(() => readSections('## Guides\n\nNone so far.\n')).toThrow('"Guides" lists no page')
  })
})

it('docs/decisions/README.md lists every decision', () => {
  const list = readFileSync('docs/decisions/README.md', 'utf8')
  const pages = globSync('docs/decisions/0*.md').map((path) => path.replace('docs/decisions/', ''))
  expect(pages.filter((page) => !list.includes(`](${page})`))).toEqual([])
})

describe('a page of the site', () => {
  it.each([
    ['README.md', 'index.md'],
    ['docs/gateway.md', 'gateway.md'],
    ['docs/decisions/0006-routes.md', 'decisions/0006-routes.md'],
    ['docs/images/demo.jpg', 'images/demo.jpg'],
    ['CHANGELOG.md', 'changelog.md'],
    ['src/index.ts', undefined],
    ['examples/hono-app/README.md', undefined],
  ])('%s is %s', (path, expected) => {
    expect(findSitePath(path)).toBe(expected)
  })

  const own = 'https://github.com/portcullis-edge/portcullis'
  it.each([
    ['docs/gateway.md', '[a](proxy.md#cache)', '[a](/proxy.md#cache)'],
    ['docs/gateway.md', '[a](#routes)', '[a](#routes)'],
    ['docs/gateway.md', '[a](../README.md#documentation)', '[a](/index.md#documentation)'],
    ['docs/gateway.md', '[a](../src/x.ts)', `[a](${own}/blob/main/src/x.ts)`],
    ['docs/gateway.md', '[a](https://example.com/b.md)', '[a](https://example.com/b.md)'],
    ['docs/decisions/0001-dependencies.md', '[a](0002-sizes.md)', '[a](/decisions/0002-sizes.md)'],
    ['README.md', `[a](${own}/blob/main/docs/cli.md)`, '[a](/cli.md)'],
    ['README.md', `[a](${own}/tree/main/examples)`, `[a](${own}/blob/main/examples)`],
  ])('in %s the link %s is %s', (path, text, expected) => {
    expect(convertPage(path, text)).toBe(expected)
  })

  it('keeps its code', () => {
    const code = '````md\n```ts\n[a](b.md)\n```\n[a](b.md)\n````\n'
    expect(convertPage('docs/gateway.md', `${code}[a](cli.md)`)).toBe(`${code}[a](/cli.md)`)
  })
})

it.each([
  ['Who may open what', 'who-may-open-what'],
  ['`portcullis init`, `check`', 'portcullis-init-check'],
  ['A / B – über', 'a--b--über'],
])('the anchor of %s is %s, as on GitHub', (heading, anchor) => {
  expect(slugify(heading)).toBe(anchor)
})

describe('a link of the built site', () => {
  const page = readBuiltPage('guide/a.html', '<h2 id="one&amp;two">One</h2>')
  const linksTo = (href: string): string[] =>
    findDeadLinks([page, readBuiltPage('index.html', `<a class="x" href="${href}">a</a>`)])

  it.each(['/guide/a', '/guide/a.html', './guide/a#one%26two', '/', '#', 'https://example.com/'])(
    '%s leads somewhere',
    (href) => {
      expect(linksTo(href)).toEqual([])
    },
  )

  it.each([
    ['/guide/b.html', 'index.html: no page /guide/b.html'],
    ['/guide/a.html#three', 'index.html: no heading /guide/a.html#three'],
    ['#missing', 'index.html: no heading #missing'],
  ])('%s is dead', (href, fault) => {
    expect(linksTo(href)).toEqual([fault])
  })
})

it('the API reference has a page for each entry point of the package', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const entryPoints = readEntryPoints(exports)
  expect(entryPoints).toContainEqual({ name: 'portcullis', source: 'src/index.ts' })
  expect(entryPoints).toContainEqual({ name: 'portcullis/node', source: 'node/index.ts' })
  expect(entryPoints).toHaveLength(Object.keys(exports).length - 1)
})
