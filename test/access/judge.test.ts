import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  type AccessRule,
  checkAddress,
  checkSessionAccess,
  compileAccess,
} from '../../src/access/index.ts'
import { createIssues } from '../../src/options/index.ts'

const now = Date.UTC(2026, 10, 20, 12)
const signedInAt = (authenticatedAt: number) => ({ signedIn: true, authenticatedAt })
const signedIn = { signedIn: true, authenticatedAt: now - 60_000 }

function compile(rule: AccessRule<never>): ReturnType<typeof compileAccess> {
  const found = createIssues('access')
  const compiled = compileAccess(rule, found)
  found.throwIfAny()
  return compiled
}

/** 'passes' or the reason. */
function session(
  rule: AccessRule<never>,
  asking: Partial<Parameters<typeof checkSessionAccess>[1]>,
): string {
  const verdict = checkSessionAccess(compile(rule), {
    data: undefined,
    info: undefined,
    now,
    ...asking,
  })
  return verdict.ok ? 'passes' : verdict.reason
}

describe('a rule on addresses', () => {
  test.each([
    [['203.0.113.7'], '203.0.113.7', true],
    [['203.0.113.7'], '203.0.113.8', false],
    [['203.0.113.0/24'], '203.0.113.255', true],
    [['203.0.113.0/24'], '203.0.114.0', false],
    [['10.0.0.0/8', '192.0.2.1'], '192.0.2.1', true],
    [['0.0.0.0/0'], '198.51.100.1', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '198.51.100.1', false],
    [['2001:db8::/32'], '2001:DB8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::', false],
    [['2001:db8::/33'], '2001:db8:8000::', false],
    // IPv4 written as IPv6 is the same client.
    [['203.0.113.0/24'], '::ffff:203.0.113.9', true],
    [['::ffff:203.0.113.9'], '203.0.113.9', true],
    [['203.0.113.9'], '::ffff:cb00:7109', true],
    // No address, and what only looks like one.
    [['0.0.0.0/0', '::/0'], undefined, false],
    [['0.0.0.0/0', '::/0'], 'unknown', false],
    [['0.0.0.0/0', '::/0'], '', false],
    [['0.0.0.0/0', '::/0'], '203.0.113.7, 10.0.0.1', false],
    [['10.0.0.0/8'], '010.0.0.1', false],
    [['10.0.0.0/8'], '10.1', false],
  ] as const)('%j and a client at %s: %s', (address, client, passes) => {
    const verdict = checkAddress(compile({ address: [...address] }), client)
    expect(verdict).toEqual(passes ? { ok: true } : { ok: false, reason: 'address-not-allowed' })
  })

  it('asks no session, and a rule without addresses asks no address', () => {
    expect(session({ address: ['203.0.113.7'] }, {})).toBe('passes')
    expect(checkAddress(compile({ role: 'admin' }), undefined)).toEqual({ ok: true })
  })
})

describe('a rule on sessions', () => {
  const roles = (data: { roles: string[] }): string[] => data.roles
  const admin = { data: { roles: ['admin'] }, info: signedIn, roles: roles as never }
  const editor = { data: { roles: ['editor'] }, info: signedIn, roles: roles as never }
  const visitor = { data: { roles: ['admin'] }, info: { signedIn: false }, roles: roles as never }

  test.each<[AccessRule<never>, string, object, string]>([
    ['public', 'nobody', {}, 'passes'],
    ['session', 'nobody', {}, 'no-session'],
    ['session', 'a visitor', visitor, 'no-session'],
    ['session', 'an editor', editor, 'passes'],
    [{ session: true }, 'nobody', {}, 'no-session'],
    [{ session: true }, 'an editor', editor, 'passes'],
    [{ role: 'admin' }, 'nobody', {}, 'no-session'],
    [{ role: 'admin' }, 'a visitor with the role in the data', visitor, 'no-session'],
    [{ role: 'admin' }, 'an editor', editor, 'role-missing'],
    [{ role: 'admin' }, 'an admin', admin, 'passes'],
    [{ role: ['admin', 'editor'] }, 'an editor', editor, 'passes'],
    [
      { role: 'admin' },
      'an admin where nobody reads roles',
      { ...admin, roles: undefined },
      'role-missing',
    ],
    [{ fresh: 60 }, 'a session of a minute', admin, 'passes'],
    [{ fresh: 59 }, 'a session of a minute', admin, 'session-too-old'],
    [{ fresh: 59 }, 'a visitor', visitor, 'no-session'],
    [
      { fresh: 60 },
      'a session of another clock',
      { ...admin, info: signedInAt(now + 60_000) },
      'passes',
    ],
    [
      { fresh: 60 },
      'L3: a session of the future',
      { ...admin, info: signedInAt(now + 3_600_000) },
      'session-too-old',
    ],
    [
      { fresh: 60 },
      'an imported session',
      { ...admin, info: { signedIn: true } },
      'session-too-old',
    ],
    [
      { fresh: 60 },
      'a session of no time',
      { ...admin, info: { signedIn: true, authenticatedAt: Number.NaN } },
      'session-too-old',
    ],
    // Who may not pass anyway is not asked to sign in again.
    [{ role: 'admin', fresh: 1 }, 'an old editor', editor, 'role-missing'],
    [{ role: 'admin', fresh: 1 }, 'an old admin', admin, 'session-too-old'],
    [{ role: 'admin', claim: { tenant: 'a' } }, 'an admin of no tenant', admin, 'claim-missing'],
  ])('%j and %s: %#', (rule, _who, asking, expected) => {
    expect(session(rule, asking)).toBe(expected)
  })
})

describe('roles that are not what their type promises', () => {
  class Odd extends Array<string> {
    override some(): boolean {
      return true
    }
    override includes(): boolean {
      return true
    }
  }
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    // 'administrator'.includes('admin')
    ['a text that holds it', 'administrator'],
    ['a text that is it', 'admin'],
    ['a set', new Set(['admin'])],
    ['an object with a method', { includes: () => true, some: () => true, length: 1, 0: 'admin' }],
    ['a promise', Promise.resolve(['admin'])],
    ['a list in a list', [['admin']]],
    ['a list of objects that say so', [{ toString: () => 'admin' }]],
    ['a list with methods of its own', new Odd()],
    ['an empty list', []],
    ['a sparse list', new Array(3)],
  ])('%s is no role', (_name, odd) => {
    const roles = (): never => odd as never
    expect(session({ role: 'admin' }, { data: {}, info: signedIn, roles })).toBe('role-missing')
  })

  it('a function that throws is no role, and nothing is thrown', () => {
    const roles = (): never => {
      throw new TypeError('no roles in this data')
    }
    expect(session({ role: 'admin' }, { data: {}, info: signedIn, roles })).toBe('role-missing')
  })
})

describe('claims', () => {
  test.each<[AccessRule<never>, object, boolean]>([
    [{ claim: { plan: 'pro' } }, { plan: 'pro' }, true],
    [{ claim: { plan: 'pro' } }, { plan: 'profane' }, false],
    [{ claim: { plan: ['pro', 'team'] } }, { plan: 'team' }, true],
    [{ claim: { groups: 'staff' } }, { groups: ['users', 'staff'] }, true],
    [{ claim: { groups: 'staff' } }, { groups: ['users'] }, false],
    [{ claim: { groups: 'staff' } }, { groups: 'users,staff' }, false],
    [{ claim: { groups: 'staff' } }, { groups: { 0: 'staff', length: 1 } }, false],
    [{ claim: { level: 3 } }, { level: 3 }, true],
    [{ claim: { level: 3 } }, { level: '3' }, false],
    [{ claim: { verified: true } }, { verified: 1 }, false],
    [{ claim: { verified: true } }, { verified: true }, true],
    [{ claim: { verified: false } }, {}, false],
    [{ claim: { plan: 'pro', verified: true } }, { plan: 'pro', verified: false }, false],
    // What every object has from its prototype is nobody's claim.
    [{ claim: { toString: 'x' } }, {}, false],
    [{ claim: { role: 'admin' } }, Object.create({ role: 'admin' }), false],
    [{ claim: () => true }, {}, true],
    [{ claim: () => 1 as never }, {}, false],
    [{ claim: (async () => true) as never }, {}, false],
    [
      {
        claim: () => {
          throw new Error('odd data')
        },
      },
      {},
      false,
    ],
  ])('%# %j of %j: %s', (rule, data, passes) => {
    expect(session(rule, { data, info: signedIn })).toBe(passes ? 'passes' : 'claim-missing')
  })

  it('that cannot even be read are not there', () => {
    const data = {
      get plan(): string {
        throw new Error('odd data')
      },
    }
    expect(session({ claim: { plan: 'pro' } }, { data, info: signedIn })).toBe('claim-missing')
  })

  it('of any JSON pass only where a member is the value or a list with it', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string(),
        fc.string({ minLength: 1 }),
        (data, name, wanted) => {
          const value = Object.entries(Object(data) as object).find(
            ([key]) => key === name,
          )?.[1] as unknown
          const passes = value === wanted || (Array.isArray(value) && value.indexOf(wanted) !== -1)
          const found = session(
            { claim: { [name]: wanted } },
            { data: data as never, info: signedIn },
          )
          expect(found === 'passes').toBe(data !== null && passes)
        },
      ),
    )
  })
})
