import { describe, expect, it } from 'vitest'
import { ConfigError, PortcullisError } from '../../src/errors.ts'
import { createReporter, type ReportError, reportError } from '../../src/page/index.ts'

interface Written {
  report: ReportError
  lines: string[]
  at(ms: number): void
  last(): Record<string, unknown>
}

function written(): Written {
  let now = 0
  const lines: string[] = []
  const report = createReporter({ write: (line) => lines.push(line), clock: () => now })
  return {
    report,
    lines,
    at: (ms) => {
      now = ms
    },
    last: () => JSON.parse(lines.at(-1) ?? '{}'),
  }
}

const config = (option: string): ConfigError =>
  new ConfigError([
    { option, problem: 'is required' },
    { option: 'redis.url', problem: 'must be an https url' },
  ])

describe('a report', () => {
  it('L3: of wrong options is written again where the clock went back, and once in a minute from there', () => {
    const { report, lines, at } = written()
    for (const now of [7_200_000, 7_259_999, 3_600_000, 3_659_999, 3_660_000]) {
      at(now)
      report(config('session.secret'), { path: '/' })
    }
    expect(lines).toHaveLength(3)
  })

  it('of an error of ours says code, message and what caused it by code', () => {
    const { report, lines, last } = written()
    const refused = Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' })
    const failed = new TypeError('fetch failed: secret-in-a-cause', { cause: refused })
    report(
      new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'api did not answer', { cause: failed }),
      {
        requestId: 'r-1',
        method: 'GET',
        path: '/a/b',
      },
    )
    expect(last()).toEqual({
      level: 'error',
      event: 'fault',
      code: 'ERR_UPSTREAM_UNREACHABLE',
      name: 'PortcullisError',
      message: 'api did not answer',
      causes: ['TypeError', 'ECONNREFUSED'],
      requestId: 'r-1',
      method: 'GET',
      path: '/a/b',
    })
    expect(lines).toHaveLength(1)
  })

  it('of wrong options lists them all by name', () => {
    const { report, last } = written()
    report(config('session.secret'), { path: '/' })
    expect(last()).toEqual({
      level: 'error',
      event: 'config-invalid',
      code: 'ERR_CONFIG',
      name: 'ConfigError',
      faults: [
        { option: 'session.secret', problem: 'is required' },
        { option: 'redis.url', problem: 'must be an https url' },
      ],
      path: '/',
    })
  })

  it('of a foreign error is one line with its stack, cut', () => {
    const { report, lines, last } = written()
    const error = new RangeError(`first\nsecond ${'x'.repeat(5000)}`)
    report(error, {})
    expect(lines[0]).not.toContain('\n')
    expect(last()).toMatchObject({ level: 'error', event: 'fault', name: 'RangeError' })
    expect(String(last().message).length).toBe(500)
    expect(String(last().stack).length).toBeLessThanOrEqual(2000)
  })

  // new URL('https://api.example/x?token=s3cret') and fetch name the whole url when they fail.
  it('holds no query, of the path or of an url in the message', () => {
    const { report, lines } = written()
    report(new TypeError('Invalid URL: https://api.example/x?token=s3cret&b=1 given'), {
      path: '/reset?code=s3cret#s3cret',
    })
    expect(lines[0]).not.toContain('s3cret')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'Invalid URL: https://api.example/x?… given',
      path: '/reset',
    })
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['string', 'token=s3cret'],
    ['object', { token: 's3cret' }],
  ])('of a thrown %s says only what it was', (name, thrown) => {
    const { report, lines, last } = written()
    report(thrown, {})
    expect(last()).toEqual({ level: 'error', event: 'fault', name })
    expect(lines[0]).not.toContain('s3cret')
  })

  it('never throws, whatever it is given and wherever it goes', () => {
    const hostile = new Proxy(new Error('no'), {
      get: (): never => {
        throw new Error('hostile')
      },
    })
    expect(() => createReporter({ write: () => {} })(hostile, {})).not.toThrow()
    const broken = createReporter({
      write: () => {
        throw new Error('disk full')
      },
    })
    expect(() => broken(new Error('no'), {})).not.toThrow()
  })

  it('of causes that go in a circle ends', () => {
    const { report, last } = written()
    const error = new Error('a')
    error.cause = error
    report(error, {})
    expect(last().causes).toEqual(['Error', 'Error', 'Error'])
  })
})

describe('the same wrong options', () => {
  it('are written once in 60 s, and then with the number omitted', () => {
    const { report, lines, at, last } = written()
    for (const ms of [0, 1, 30_000, 59_999]) {
      at(ms)
      report(config('session.secret'), {})
    }
    expect(lines).toHaveLength(1)
    at(60_000)
    report(config('session.secret'), {})
    expect(lines).toHaveLength(2)
    expect(last()).toMatchObject({ omitted: 3 })
  })

  it('do not silence other wrong options, nor faults', () => {
    const { report, lines } = written()
    report(config('a'), {})
    report(config('b'), {})
    report(new Error('same'), {})
    report(new Error('same'), {})
    expect(lines).toHaveLength(4)
  })
})

describe('reportFault', () => {
  it('writes one line on console.error', () => {
    const lines: unknown[][] = []
    const original = console.error
    console.error = (...line: unknown[]): void => void lines.push(line)
    try {
      reportError(new Error('no'), { method: 'GET', path: '/' })
    } finally {
      console.error = original
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toHaveLength(1)
    expect(JSON.parse(String(lines[0]?.[0]))).toMatchObject({
      event: 'fault',
      message: 'no',
      method: 'GET',
      path: '/',
    })
  })
})
