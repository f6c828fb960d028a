import { describe, expect, it } from 'vitest'
import { csrf, csrfPolicy, csrfTokens } from '../../src/csrf/index.ts'
import { ConfigError } from '../../src/errors.ts'

/** What the ConfigError says, fault by fault. */
function wrong(make: () => unknown): string[] {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigError)
      return error.faults.map(({ option, problem }) => `${option} ${problem}`)
    throw error
  }
  return []
}

/** Every place where an origin may stand, and how its faults are called. */
const places: Array<[place: string, options: (origin: unknown) => object, name: string]> = [
  ['trustedOrigins', (origin) => ({ trustedOrigins: [origin] }), 'csrf.trustedOrigins.0'],
  ['publicOrigins', (origin) => ({ publicOrigins: [origin] }), 'csrf.publicOrigins.0'],
  ['trust', (origin) => ({ trust: [{ path: '/x', origins: [origin] }] }), 'csrf.trust.0.origins.0'],
]

describe.each(places)('an origin in %s', (_, options, name) => {
  it.each([
    'https://app.example.com',
    'https://app.example.com:8443',
    'http://localhost:8787',
    'http://127.0.0.1:3000',
    'http://[::1]:8787',
    'https://xn--bcher-kva.example',
    'https://my_host.example',
    'capacitor://localhost',
    'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
  ])('may be %s', (origin) => {
    expect(wrong(() => csrf(options(origin)))).toEqual([])
  })

  it.each([
    ['null', 'must not be null, which sandboxed pages of any site send'],
    ['*', 'must not contain a wildcard: list each origin'],
    ['https://*.example.com', 'must not contain a wildcard: list each origin'],
    ['https://App.example.com', 'must be in lower case, as browsers send it'],
    ['HTTPS://app.example.com', 'must be in lower case, as browsers send it'],
    [
      'app.example.com',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      '//app.example.com',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://app.example.com/',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://app.example.com/path',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://app.example.com?x',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://app.example.com#x',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://a:b@app.example.com',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://app.example.com ',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    [
      'https://bücher.example',
      'must be scheme://host or scheme://host:port without path, query or fragment',
    ],
    ['https://', 'must be scheme://host or scheme://host:port without path, query or fragment'],
    ['file://', 'must be scheme://host or scheme://host:port without path, query or fragment'],
    ['', 'must be scheme://host or scheme://host:port without path, query or fragment'],
    ['https://app.example.com:443', 'must not contain the default port'],
    ['http://app.example.com:80', 'must not contain the default port'],
    ['http://127.1', 'must be spelled as browsers send it'],
    ['http://app.example.com:99999', 'must be spelled as browsers send it'],
    ['http://app.example.com:0080', 'must be spelled as browsers send it'],
    ['http://[0:0:0:0:0:0:0:1]', 'must be spelled as browsers send it'],
    [7, 'must be a string'],
    [undefined, 'must be a string'],
    [['https://app.example.com'], 'must be a string'],
  ])('may not be %j', (origin, problem) => {
    expect(wrong(() => csrf(options(origin)))).toEqual([`${name} ${problem}`])
  })
})

describe('options', () => {
  it('may be absent, undefined or empty', () => {
    const nothing = {
      trustedOrigins: [],
      trust: [],
      exempt: [],
      cookieNames: [],
      onEvent: undefined,
    }
    for (const options of [undefined, {}, nothing])
      expect(wrong(() => csrf(options as object))).toEqual([])
  })

  it.each<[options: unknown, faults: string[]]>([
    [7, ['csrf must be an object']],
    [null, ['csrf must be an object']],
    [{ trustedOrigin: [] }, ['csrf.trustedOrigin is not an option; did you mean trustedOrigins?']],
    [{ trustSamesite: true }, ['csrf.trustSamesite is not an option; did you mean trustSameSite?']],
    [{ exempts: [] }, ['csrf.exempts is not an option; did you mean exempt?']],
    [{ origin: 'https://app.example.com' }, ['csrf.origin is not an option']],
    [{ trustedOrigins: 'https://a.example' }, ['csrf.trustedOrigins must be a list of origins']],
    [
      { trustedOrigins: ['https://a.example', 'https://a.example'] },
      ['csrf.trustedOrigins.1 is in the list twice'],
    ],
    [{ publicOrigins: [] }, ['csrf.publicOrigins must contain at least one origin']],
    [{ publicOrigins: 7 }, ['csrf.publicOrigins must be a list of origins']],
    [{ missing: 'block' }, ['csrf.missing must be one of "deny", "no-credentials", "allow"']],
    [{ mode: 'report' }, ['csrf.mode must be one of "enforce", "observe"']],
    [{ trustSameSite: 'yes' }, ['csrf.trustSameSite must be one of true, false']],
    [{ credentials: true }, ['csrf.credentials must be a function']],
    [{ cookieNames: 'session' }, ['csrf.cookieNames must be a list of whole cookie names']],
    [{ cookieNames: [''] }, ['csrf.cookieNames must be a list of whole cookie names']],
    [
      { cookieNames: ['a'], credentials: () => true },
      ['csrf.cookieNames has no effect together with credentials'],
    ],
    [{ isolation: 'yes' }, ['csrf.isolation must be an object']],
    [
      { isolation: { sameSites: true } },
      ['csrf.isolation.sameSites is not an option; did you mean sameSite?'],
    ],
    [{ isolation: { frames: 1 } }, ['csrf.isolation.frames must be one of true, false']],
    [{ refuse: 403 }, ['csrf.refuse must be a function']],
    [{ onEvent: [] }, ['csrf.onEvent must be a function']],
    [{ token: { secret: 'x' } }, ['csrf.token must be created by csrfTokens()']],
    [{ token: null }, ['csrf.token must be created by csrfTokens()']],
  ])('%j are refused while building', (options, faults) => {
    expect(wrong(() => csrf(options as object))).toEqual(faults)
  })

  it('of a policy alone are refused just so', () => {
    expect(wrong(() => csrfPolicy({ trustSameSite: false }))).toEqual([])
    expect(wrong(() => csrfPolicy({ mode: 'observe', missing: 'x' } as object))).toEqual([
      'csrf.mode is not an option',
      'csrf.missing must be one of "deny", "no-credentials", "allow"',
    ])
  })

  it('are all judged before anything is said, and no value is repeated', () => {
    const secretive = {
      trustedOrigins: ['https://s3cret.example/'],
      mode: 's3cret',
      exempt: [{ path: 's3cret' }],
    }
    const faults = wrong(() => csrf(secretive as object))
    expect(faults.length).toBe(3)
    expect(faults.join()).not.toContain('s3cret')
  })
})

describe('a rule', () => {
  const path = 'csrf.exempt.0.path must be a whole path such as /hooks/stripe: no pattern, no query'
  const methods = 'csrf.exempt.0.methods must be a list of methods in upper case'
  it.each<[rules: unknown, faults: string[]]>([
    [[{ path: '/hook' }], []],
    [[{ path: '/' }], []],
    [[{ path: '/hook/' }], []],
    [[{ path: "/a.b/~c/@d/%C3%A9/e:f/g..h/(!$&'+,;=)" }], []],
    [
      [
        { path: '/hook', methods: ['POST', 'VERSION-CONTROL'] },
        { path: '/hook', methods: ['PUT'] },
      ],
      [],
    ],
    ['/hook', ['csrf.exempt must be a list of rules']],
    [['/hook'], ['csrf.exempt.0 must be an object']],
    [[null], ['csrf.exempt.0 must be an object']],
    [[{}], [path]],
    [[{ path: 'hook' }], [path]],
    [[{ path: '' }], [path]],
    [[{ path: '/hooks/*' }], [path]],
    [[{ path: '/hooks/:name' }], [path]],
    [[{ path: '/hook?x' }], [path]],
    [[{ path: '/hook#x' }], [path]],
    [[{ path: '//hook' }], [path]],
    [[{ path: '/a//b' }], [path]],
    [[{ path: '/a/../b' }], [path]],
    [[{ path: '/a/.' }], [path]],
    [[{ path: '/a b' }], [path]],
    [[{ path: '/é' }], [path]],
    [[{ path: '/a\\b' }], [path]],
    [[{ path: 'https://app.example.com/hook' }], [path]],
    [[{ path: /^\/hook/ }], [path]],
    [[{ path: '/hook', methods: 'POST' }], [methods]],
    [[{ path: '/hook', methods: [] }], [methods]],
    [[{ path: '/hook', methods: ['post'] }], [methods]],
    [[{ path: '/hook', methods: ['*'] }], [methods]],
    [
      [{ path: '/hook', method: ['POST'] }],
      ['csrf.exempt.0.method is not an option; did you mean methods?'],
    ],
    [[{ path: '/hook', origins: [] }], ['csrf.exempt.0.origins is not an option']],
    [[{ path: '/a' }, { path: '/a' }], ['csrf.exempt.1 duplicates another rule for POST /a']],
  ])('%j', (exempt, faults) => {
    expect(wrong(() => csrf({ exempt } as object))).toEqual(faults)
  })

  it('of trust names at least one origin', () => {
    expect(wrong(() => csrf({ trust: [{ path: '/x', origins: [] }] }))).toEqual([
      'csrf.trust.0.origins must contain at least one origin',
    ])
    expect(wrong(() => csrf({ trust: [{ path: '/x' }] } as object))).toEqual([
      'csrf.trust.0.origins must be a list of origins',
    ])
  })
})

describe('options of tokens', () => {
  const secret = 'XxQ2mC0b7Jt5uV9nKe4RzYw8LsDfGh1P'
  const session = (): string => 's'
  it.each<[options: unknown, faults: string[]]>([
    [{ secret, session }, []],
    [{ secret, session, header: 'X-Xsrf', field: false }, []],
    [{ secret: () => undefined, session }, []],
    [{ session }, ['csrfTokens.secret is required']],
    [{ secret: 'short', session }, ['csrfTokens.secret must have at least 32 characters']],
    [{ secret }, ['csrfTokens.session must be a function that returns the id of the session']],
    [{ secret, session, header: 'X Token' }, ['csrfTokens.header must be the name of a header']],
    [
      { secret, session, field: '' },
      ['csrfTokens.field must be the name of a form field, or false'],
    ],
    [{ secret, session, cookie: 'csrf' }, ['csrfTokens.cookie is not an option']],
    [
      { secret, session, feild: 'csrf' },
      ['csrfTokens.feild is not an option; did you mean field?'],
    ],
  ])('%j', (options, faults) => {
    expect(wrong(() => csrfTokens(options as never))).toEqual(faults)
  })
})
