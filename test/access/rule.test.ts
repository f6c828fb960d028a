import { describe, expect, it, test } from 'vitest'
import { compileAccess } from '../../src/access/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { createIssues } from '../../src/options/index.ts'

/** Names of the options at fault. */
function wrong(rule: unknown): string[] {
  const found = createIssues('access')
  const compiled = compileAccess(rule, found)
  try {
    found.throwIfAny()
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    // Whatever is wrong with a rule, it never opens a door.
    expect(compiled.session).toBe(true)
    expect(compiled.roles?.size).toBe(0)
    return error.faults.map(({ option }) => option)
  }
}

describe('a rule is a fault', () => {
  test.each<[string, unknown, string[]]>([
    ['a word that is none', 'admin', ['access']],
    ['nothing', undefined, ['access']],
    ['null', null, ['access']],
    ['a list', ['session'], ['access']],
    ['true', true, ['access']],
    ['an empty object', {}, ['access']],
    ['no condition', { session: false }, ['access']],
    ['a contradiction', { session: false, role: 'admin' }, ['access.session']],
    ['a typing error', { rol: 'admin', session: true }, ['access.rol']],
    ['no role', { role: [] }, ['access.role']],
    ['an empty role', { role: '' }, ['access.role']],
    ['roles that are no words', { role: ['admin', 7] }, ['access.role']],
    ['a claim that is a word', { claim: 'plan' }, ['access.claim']],
    ['a list of claims', { claim: ['plan'] }, ['access.claim']],
    ['no claim', { claim: {} }, ['access.claim']],
    ['a claim without values', { claim: { plan: [] } }, ['access.claim.plan']],
    ['a claim of an object', { claim: { plan: { is: 'pro' } } }, ['access.claim.plan']],
    ['a claim of null', { claim: { plan: null } }, ['access.claim.plan']],
    ['a claim that is no number', { claim: { level: Number.NaN } }, ['access.claim.level']],
    ['no address', { address: [] }, ['access.address']],
    ['an address that is no list', { address: '10.0.0.1' }, ['access.address']],
    ['a host bit', { address: ['10.0.0.1/8'] }, ['access.address.0']],
    ['too many bits', { address: ['10.0.0.0/33'] }, ['access.address.0']],
    ['too many bits of IPv6', { address: ['::1', '::/129'] }, ['access.address.1']],
    ['bits of a mapped address', { address: ['::ffff:10.0.0.0/104'] }, ['access.address.0']],
    ['a name', { address: ['localhost'] }, ['access.address.0']],
    ['a zone', { address: ['fe80::1%eth0'] }, ['access.address.0']],
    ['an age of zero', { fresh: 0 }, ['access.fresh']],
    ['an age of years', { fresh: 40_000_000 }, ['access.fresh']],
    ['an age in words', { fresh: '10m' }, ['access.fresh']],
    [
      'several at once',
      { role: 7, fresh: -1, address: ['x'] },
      ['access.address.0', 'access.role', 'access.fresh'],
    ],
  ])('%s', (_name, rule, options) => {
    expect(wrong(rule)).toEqual(options)
  })

  it('and its message holds no value', () => {
    const found = createIssues('access')
    compileAccess(
      { address: ['203.0.113.7/8'], role: ['', 'chief'], claim: { plan: { secret: 1 } } },
      found,
    )
    expect(() => found.throwIfAny()).toThrow(ConfigError)
    try {
      found.throwIfAny()
    } catch (error) {
      expect(String(error)).not.toMatch(/203\.0|chief|secret/)
    }
  })
})

describe('a rule is taken', () => {
  test.each<[unknown, boolean]>([
    ['public', false],
    ['session', true],
    [{ session: true }, true],
    [{ address: ['10.0.0.0/8', '::1', '203.0.113.7'] }, false],
    [{ address: ['10.0.0.0/8'], session: false }, false],
    [{ address: ['10.0.0.0/8'], session: true }, true],
    [{ role: 'admin' }, true],
    [{ role: ['admin', 'editor'], fresh: 600 }, true],
    [{ claim: { plan: ['pro', 3, true] } }, true],
    [{ claim: () => true }, true],
    [{ fresh: 34_560_000 }, true],
  ])('%j needs a session: %s', (rule, needs) => {
    expect(wrong(rule)).toEqual([])
    expect(compileAccess(rule, createIssues()).session).toBe(needs)
  })
})
