import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judgeLicences } from '../../../tools/check/rules/licences.ts'

describe('workflows', () => {
  const folder = '.github/workflows'
  it.each(readdirSync(folder))(
    '%s takes actions by commit, with the version beside it, and no rights it does not need',
    (name) => {
      const text = readFileSync(`${folder}/${name}`, 'utf8')
      const uses = [...text.matchAll(/uses: (.+)/g)].map(([, what]) => what)
      expect(uses.length).toBeGreaterThan(0)
      for (const what of uses)
        expect(what).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
      expect(text).toMatch(/^permissions:\n {2}contents: read\n/m)
      // A title or a branch name in a script is a script of whoever chose it.
      for (const [, script] of text.matchAll(/run: (.+)/g)) expect(script).not.toContain('${{')
      expect(text).not.toContain('pull_request_target')
      expect(text.match(/persist-credentials: false/g)).toHaveLength(
        text.match(/actions\/checkout@/g)?.length ?? 0,
      )
    },
  )

  it('one of them publishes, with provenance and without a token', () => {
    const text = readFileSync(`${folder}/publish.yml`, 'utf8')
    expect(text).toMatch(/npm publish \S+ --provenance/)
    expect(text).toContain('id-token: write')
    expect(text).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/)
  })

  // A dependency whose script runs beside that identity could publish in our name.
  it('runs no dependency in the job that has the identity npm trusts', () => {
    const text = readFileSync(`${folder}/publish.yml`, 'utf8')
    const jobs = text.split(/^ {2}(?=\w+:\n)/m).filter((job) => /^(?:pack|publish):\n/.test(job))
    const trusted = jobs.filter((job) => job.includes('id-token: write'))
    expect([jobs.length, trusted.length]).toEqual([2, 1])
    expect(trusted[0]).not.toMatch(/checkout@|npm (?:ci|install|run|pack)|\.ci\/run/)
    expect(trusted[0]).toContain('--ignore-scripts')
  })
})

describe('the lock file', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }>
  }
  it('holds a digest of every package that is fetched, and no address', () => {
    for (const [path, { integrity, resolved, link }] of Object.entries(packages)) {
      if (!path.includes('node_modules/') || link) continue
      expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)])
      expect([path, resolved]).toEqual([path, undefined])
    }
  })
})

describe('licences', () => {
  const root = { dependencies: { ours: '1' } }
  it.each([
    ['MIT with us', { '': root, 'node_modules/ours': { license: 'MIT' } }, []],
    [
      'MPL with us',
      { '': root, 'node_modules/ours': { license: 'MPL-2.0' } },
      ['ours: MPL-2.0 is on no list'],
    ],
    [
      'MPL behind what is with us',
      {
        '': root,
        'node_modules/ours': { license: 'MIT', dependencies: { deep: '1' } },
        'node_modules/deep': { license: 'MPL-2.0' },
      },
      ['deep: MPL-2.0 is on no list'],
    ],
    ['MPL among the tools', { '': root, 'node_modules/tool': { license: 'MPL-2.0' } }, []],
    [
      'GPL among the tools',
      { '': root, 'node_modules/tool': { license: 'GPL-3.0' } },
      ['tool: GPL-3.0 is on no list'],
    ],
    ['no licence', { '': root, 'node_modules/tool': {} }, ['tool: none is on no list']],
  ])('%s', (_, packages, faults) => {
    expect(judgeLicences(packages).faults).toEqual(faults)
  })
})
