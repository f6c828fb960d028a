/** Links inside the documentation lead somewhere: to a file that is there, and to a heading that it has. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** README.md is shown on npm, too, where a link within the repository leads nowhere. */
const repository =
  /https:\/\/(?:github\.com\/portcullis-edge\/portcullis\/(?:blob|tree)|raw\.githubusercontent\.com\/portcullis-edge\/portcullis)\/main\//g

/** A page with the links of its own repository as if they were written here. */
function readPage(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(repository, dirname(path) === '.' ? '' : '../')
}

const pages = globSync(['*.md', 'docs/**/*.md', 'bench/*.md', 'examples/*/README.md']).map((path) =>
  normalize(path),
)

/** As GitHub makes anchors of headings. */
function anchors(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, text = '']) => text,
  )
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('links', () => {
  it.each(pages)('of %s', (page) => {
    const broken: string[] = []
    for (const [, link = ''] of readPage(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(target)) broken.push(link)
      else if (anchor && target.endsWith('.md') && !anchors(target).includes(anchor))
        broken.push(link)
    }
    expect(broken).toEqual([])
  })

  // What the changelog tells of was there at the time.
  it.each(pages.filter((page) => page !== 'CHANGELOG.md'))('to code, of %s', (page) => {
    const path = /(?<![\w/.-])(?:src|cli|node|worker|tools|test|examples)\/[\w./-]+\.(?:ts|js)\b/g
    const named = readFileSync(page, 'utf8').match(path) ?? []
    expect(named.filter((file) => !existsSync(file))).toEqual([])
  })

  it('lead from the README to every page for people', () => {
    const readme = readPage('README.md')
    const lost = globSync('docs/*.md').filter(
      (path) => !readme.includes(`(${path.replaceAll('\\', '/')})`),
    )
    expect(lost).toEqual([])
  })

  it('of README.md are absolute: npm shows it, too', () => {
    const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
    expect(
      links.map(([, link]) => link).filter((link) => !/^(?:https:|#)/.test(`${link}`)),
    ).toEqual([])
  })
})
