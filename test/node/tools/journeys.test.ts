/** The helpers of `npm run journeys`: which pages are walked, and how a page gives its blocks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findUnwalked } from '../../../tools/check/rules/journeys.ts'
import { fill, openPage, type Walked } from '../../journeys/support/pages.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-pages-'))
const path = join(folder, 'page.md')
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(
  path,
  '# Page\n\nIt *keeps* `data`\nfor you.\n\n```sh\none\n```\n\n```ts\ntwo\n```\n\n```sh\nthree\n```\n',
)

describe('findUnwalked', () => {
  const walk = { name: 'a walk', pages: ['docs/a.md', 'docs/gone.md'] }

  it('names the page that no journey walks, and the one that is not there', () => {
    expect(findUnwalked([walk], ['docs/a.md', 'docs/b.md'])).toEqual([
      'docs/b.md is walked by no journey of test/journeys',
      'the journey "a walk" names docs/gone.md, which is not there',
    ])
  })

  it('finds nothing where each page has a journey', () => {
    expect(findUnwalked([{ name: 'a', pages: ['docs/a.md'] }], ['docs/a.md'])).toEqual([])
  })
})

describe('openPage', () => {
  it('gives blocks in their order, and none twice', () => {
    const walked: Walked = new Map()
    const page = openPage(path, walked)
    expect(page.next('sh').text).toBe('one')
    expect(page.next('sh', 'thr').text).toBe('three')
    expect(() => page.next('ts')).toThrow('has no block "ts"')
    expect(walked.get(path)?.lines.size).toBe(2)
  })

  it('knows what a page promises, however it is set', () => {
    const page = openPage(path, new Map())
    expect(() => page.promises('keeps data for you')).not.toThrow()
    expect(() => page.promises('keeps nothing')).toThrow('does not say')
  })
})

describe('fill', () => {
  it('puts values in, and refuses a name that is not there', () => {
    expect(fill('a b a', { a: 'c' })).toBe('c b c')
    expect(() => fill('a b', { x: 'c' })).toThrow('does not contain x')
  })
})
