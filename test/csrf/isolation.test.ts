import { describe, expect, it } from 'vitest'
import { type CrossOriginOptions, checkCrossOrigin, csrfPolicy } from '../../src/csrf/index.ts'
import { createIssues } from '../../src/options/index.ts'

type Answer = 'passes' | 'resource-isolation' | 'cross-site' | 'by trust' | 'by exempt'

function ask(
  options: CrossOriginOptions<never>,
  method: string,
  headers: Record<string, string>,
): Answer {
  const faults = createIssues()
  const policy = csrfPolicy(options, faults)
  faults.throwIfAny()
  const request = { method, headers: new Headers(headers), url: 'https://app.example.com/report' }
  const verdict = checkCrossOrigin(request, policy, '/report')
  if (!verdict.ok) return verdict.reason as Answer
  return verdict.by === undefined ? 'passes' : `by ${verdict.by}`
}

const from = (site: string, mode: string, dest: string): Record<string, string> => ({
  'Sec-Fetch-Site': site,
  'Sec-Fetch-Mode': mode,
  'Sec-Fetch-Dest': dest,
})

describe('resource isolation', () => {
  type Row = [what: string, method: string, headers: Record<string, string>, answer: Answer]
  it.each<Row>([
    ['our own image', 'GET', from('same-origin', 'no-cors', 'image'), 'passes'],
    ['an address typed in', 'GET', from('none', 'navigate', 'document'), 'passes'],
    ['a program, or a browser without Fetch Metadata', 'GET', {}, 'passes'],
    ['another host of the same site', 'GET', from('same-site', 'no-cors', 'image'), 'passes'],
    // <a href="https://app.example.com/report">
    ['a link on another site', 'GET', from('cross-site', 'navigate', 'document'), 'passes'],
    ['a frame on another site', 'GET', from('cross-site', 'navigate', 'iframe'), 'passes'],
    // <img src="https://app.example.com/report"> and a stopwatch: whether the visitor is signed in shows in the time.
    [
      'an image on another site',
      'GET',
      from('cross-site', 'no-cors', 'image'),
      'resource-isolation',
    ],
    // <script src="https://app.example.com/report">: JSON that runs as script, and side channels of the processor.
    [
      'a script on another site',
      'GET',
      from('cross-site', 'no-cors', 'script'),
      'resource-isolation',
    ],
    ['fetch() on another site', 'GET', from('cross-site', 'cors', 'empty'), 'resource-isolation'],
    [
      '<object> on another site',
      'GET',
      from('cross-site', 'navigate', 'object'),
      'resource-isolation',
    ],
    [
      '<embed> on another site',
      'GET',
      from('cross-site', 'navigate', 'embed'),
      'resource-isolation',
    ],
    ['HEAD by another site', 'HEAD', from('cross-site', 'no-cors', 'empty'), 'resource-isolation'],
    [
      'a HEAD that says it navigates',
      'HEAD',
      from('cross-site', 'navigate', 'document'),
      'resource-isolation',
    ],
    ['a word of tomorrow', 'GET', from('same-party', 'cors', 'empty'), 'resource-isolation'],
    ['a word in capitals', 'GET', from('CROSS-SITE', 'no-cors', 'image'), 'resource-isolation'],
    ['cross-site and no mode', 'GET', { 'Sec-Fetch-Site': 'cross-site' }, 'resource-isolation'],
    // The preflight decides nothing; CORS answers it.
    ['a preflight', 'OPTIONS', from('cross-site', 'cors', 'empty'), 'passes'],
    // A navigation with POST is a form, and no link.
    ['a form on another site', 'POST', from('cross-site', 'navigate', 'document'), 'cross-site'],
  ])('%s: %s %j', (_, method, headers, answer) => {
    expect(ask({ isolation: true }, method, headers)).toBe(answer)
    expect(ask({ isolation: {} }, method, headers)).toBe(answer)
    if (method !== 'POST') expect(ask({ isolation: false }, method, headers)).toBe('passes')
  })

  it.each<
    [
      what: string,
      options: CrossOriginOptions<never>,
      headers: Record<string, string>,
      answer: Answer,
    ]
  >([
    [
      'sameSite: false',
      { isolation: { sameSite: false } },
      from('same-site', 'no-cors', 'image'),
      'resource-isolation',
    ],
    [
      'sameSite: false, a link',
      { isolation: { sameSite: false } },
      from('same-site', 'navigate', 'document'),
      'passes',
    ],
    [
      'frames: false',
      { isolation: { frames: false } },
      from('cross-site', 'navigate', 'iframe'),
      'resource-isolation',
    ],
    [
      'frames: false',
      { isolation: { frames: false } },
      from('cross-site', 'navigate', 'frame'),
      'resource-isolation',
    ],
    [
      'frames: false',
      { isolation: { frames: false } },
      from('cross-site', 'navigate', 'fencedframe'),
      'resource-isolation',
    ],
    [
      'frames: false, a link',
      { isolation: { frames: false } },
      from('cross-site', 'navigate', 'document'),
      'passes',
    ],
    [
      'frames: false, our own frame',
      { isolation: { frames: false } },
      from('same-origin', 'navigate', 'iframe'),
      'passes',
    ],
    // fetch('https://app.example.com/report', { credentials: 'include' }) on an origin that CORS lets read.
    [
      'a trusted origin',
      { isolation: true, trustedOrigins: ['https://a.example'] },
      { ...from('cross-site', 'cors', 'empty'), Origin: 'https://a.example' },
      'by trust',
    ],
    [
      'another origin',
      { isolation: true, trustedOrigins: ['https://a.example'] },
      { ...from('cross-site', 'cors', 'empty'), Origin: 'https://b.example' },
      'resource-isolation',
    ],
    [
      'an exempt route',
      { isolation: true, exempt: [{ path: '/report', methods: ['GET'] }] },
      from('cross-site', 'no-cors', 'image'),
      'by exempt',
    ],
    [
      'a route exempt for POST',
      { isolation: true, exempt: [{ path: '/report' }] },
      from('cross-site', 'no-cors', 'image'),
      'resource-isolation',
    ],
  ])('%s: %j', (_, options, headers, answer) => {
    expect(ask(options, 'GET', headers)).toBe(answer)
  })
})
