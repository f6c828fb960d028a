/** What RFC 9111 and RFC 9213 ask of a shared cache: how long an answer may be used. */
import { describe, expect, test } from 'vitest'
import { countAnswers, createCachedGateway, start } from './support.ts'

const date = (seconds: number): string => new Date(start + seconds * 1000).toUTCString()
/** In the obsolete form of RFC 850. */
const old = (seconds: number): string => {
  const [day = '', number, month, year = '', time] = date(seconds).replace(',', '').split(' ')
  const names: Record<string, string> = { Wed: 'Wednes', Thu: 'Thurs', Sat: 'Satur', Tue: 'Tues' }
  return `${names[day] ?? day}day, ${number}-${month}-${year.slice(2)} ${time} GMT`
}

interface Row {
  readonly says: Record<string, string> | [string, string][]
  /** Seconds between the two requests. Default 10. */
  readonly later?: number
  readonly maxAge?: number
}

const reused: Row[] = [
  { says: { 'cache-control': 'max-age=3600' } },
  { says: { 'cache-control': 'MAX-AGE=3600' } },
  { says: { 'cache-control': 'max-age="3600"' } },
  { says: { 'cache-control': 'max-age=003600' } },
  { says: { 'cache-control': 'max-age=99999999999' } },
  { says: { 'cache-control': 'max-age=2147483649' } },
  { says: { 'cache-control': 'foo="max-age=1", max-age=3600' } },
  { says: { 'cache-control': 'extension, max-age=3600' } },
  { says: { 'cache-control': 'max-age=1, s-maxage=3600' } },
  { says: { 'cache-control': 'max-age=3600', expires: '0' } },
  { says: { 'cache-control': 'max-age=3600, max-age=3600' } },
  { says: { 'cache-control': 'max-age=3600', age: 'soon' } },
  { says: { 'cache-control': 'max-age=3600', age: '-7200' } },
  { says: { 'cache-control': 'max-age=3600', age: '7200.0' } },
  { says: { 'cache-control': 'max-age=3600', age: '0, 7200' } },
  {
    says: [
      ['cache-control', 'max-age=3600'],
      ['age', '0'],
      ['age', '7200'],
    ],
  },
  { says: { expires: date(3600), date: date(0) } },
  { says: { expires: date(3600).toUpperCase(), date: date(0) } },
  { says: { expires: old(3600), date: date(0) } },
  { says: { expires: date(3600) } },
  { says: { 'cdn-cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'max-age=3600', 'cache-control': 'max-age=1' } },
  { says: { 'cdn-cache-control': 'max-age=3600', 'cache-control': 'no-store' } },
  { says: { 'cdn-cache-control': 'max-age=3600', expires: date(-10), date: date(0) } },
  { says: { 'cdn-cache-control': 'foobar, max-age=3600' } },
  { says: { 'cdn-cache-control': 'max-age=3600;why="x"' } },
  { says: { 'cdn-cache-control': 'max-age="1"', 'cache-control': 'max-age=3600' } },
  { says: { 'surrogate-control': 'max-age=3600+60', 'cache-control': 'max-age=0' } },
  { says: { 'vercel-cdn-cache-control': 'max-age=3600', 'cdn-cache-control': 'max-age=1' } },
  { says: { 'cloudflare-cdn-cache-control': 'max-age=3600', 'cdn-cache-control': 'max-age=1' } },
  { says: {}, maxAge: 60 },
  { says: { 'cache-control': 'public' }, maxAge: 60 },
  { says: { 'cdn-cache-control': 'foo=1' }, maxAge: 60 },
]

const fetchedAgain: Row[] = [
  { says: { 'cache-control': 'max-age=5' } },
  { says: { 'cache-control': 'max-age=0' } },
  { says: { 'cache-control': 'max-age=-1' } },
  { says: { 'cache-control': 'max-age' } },
  { says: { 'cache-control': 'max-age=' } },
  { says: { 'cache-control': "max-age='3600'" } },
  { says: { 'cache-control': 'max-age=3600.5' } },
  { says: { 'cache-control': 'max-age=3600a' } },
  { says: { 'cache-control': 'max-age=1e3' } },
  { says: { 'cache-control': 'max-age =3600' } },
  { says: { 'cache-control': 'max-age= 3600' } },
  { says: { 'cache-control': 'max-age=3600, max-age=1' } },
  { says: { 'cache-control': 'max-age=1, max-age=3600' } },
  {
    says: [
      ['cache-control', 'max-age=3600'],
      ['cache-control', 'max-age=7200'],
    ],
  },
  { says: { 'cache-control': 'extension="max-age=3600", max-age=1' } },
  { says: { 'cache-control': 'max-age=1, extension="max-age=3600"' } },
  { says: { 'cache-control': 'extension="\\", max-age=3600' } },
  { says: { 'cache-control': 'max-age=3600, s-maxage=1' } },
  { says: { 'cache-control': 'max-age=3600, s-maxage=soon' } },
  { says: { 'cache-control': 'max-age=0', expires: date(3600), date: date(0) } },
  { says: { 'cache-control': 'max-age=3600, no-store' } },
  { says: { 'cache-control': 'max-age=3600, No-Store' } },
  { says: { 'cache-control': 'max-age=3600, no-store=""' } },
  { says: { 'cache-control': 'max-age=3600, private' } },
  { says: { 'cache-control': 'max-age=3600, private="x-user"' } },
  { says: { 'cache-control': 'no-cache="x-user", max-age=3600' } },
  { says: { 'cache-control': 'max-age=3600, no-cache' } },
  {
    says: [
      ['cache-control', 'max-age=3600'],
      ['cache-control', 'no-store'],
    ],
  },
  { says: { 'cache-control': 'max-age=3600', age: '3600' } },
  { says: { 'cache-control': 'max-age=3600', age: '7200, 0' } },
  { says: { 'cache-control': 'max-age=3600', age: '2147483648' } },
  { says: { 'cache-control': 'max-age=3600', age: '99999999999' } },
  {
    says: [
      ['cache-control', 'max-age=3600'],
      ['age', '7200'],
      ['age', '0'],
    ],
  },
  { says: { 'cache-control': 'max-age=3600', date: date(-7200) } },
  { says: { 'cache-control': 'max-age=3600', date: date(-3000), age: '3595' } },
  { says: { 'cache-control': 'max-age=3600', vary: '*' } },
  { says: { 'cache-control': 'max-age=3600', vary: 'accept-encoding, *' } },
  { says: { 'cache-control': 'max-age=3600', vary: 'foo' } },
  { says: { expires: date(5), date: date(0) } },
  { says: { expires: date(-3600), date: date(-3700) } },
  { says: { expires: '3600' } },
  { says: { expires: '+86400' } },
  { says: { expires: '-1' } },
  { says: { expires: '0' } },
  { says: { expires: 'foo 2035' } },
  { says: { expires: '2035' } },
  { says: { expires: '2035-01-01' } },
  { says: { expires: '2035-01-01T00:00:00Z' } },
  { says: { expires: 'Thu, 18 Aug 2050 02:01:18 UTC' } },
  { says: { expires: 'Thu, 18 Aug 2050 02:01:18 +0000' } },
  { says: { expires: 'Thu, 18 Aug 2050 02:01:18' } },
  { says: { expires: 'Thu 18 Aug 2050 02:01:18 GMT' } },
  { says: { expires: 'Thu,  18  Aug  2050  02:01:18  GMT' } },
  { says: { expires: 'Thu, 18-Aug-2050 02:01:18 GMT' } },
  { says: { expires: 'Thu, 18 Aug 2050 2:01:18 GMT' } },
  { says: { expires: 'Thu, 8 Aug 2050 02:01:18 GMT' } },
  { says: { expires: 'Thu, 31 Feb 2050 02:01:18 GMT' } },
  { says: { expires: 'Thu, 18 Aug 2050 24:01:18 GMT' } },
  { says: { expires: 'Thu, 18 Aug 50 02:01:18 GMT' } },
  { says: { expires: 'Thursday, 18-Aug-93 02:01:18 GMT' } },
  {
    says: [
      ['expires', 'Thu, 18 Aug 2050 02:01:18 GMT'],
      ['expires', 'Thu, 18 Aug 2050 02:01:18 GMT'],
    ],
  },
  { says: {} },
  { says: { 'last-modified': date(-1_000_000), date: date(0) } },
  { says: { pragma: 'no-cache' }, maxAge: 60 },
  { says: { 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'No-Store', 'cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'private', 'cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'no-cache', 'cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'max-age=0', expires: date(3600), date: date(0) } },
  { says: { 'cdn-cache-control': 'max-age=1', 'cache-control': 'max-age=3600' } },
  { says: { 'cdn-cache-control': 'max-age=3600', age: '7200' } },
  { says: { 'cdn-cache-control': 'max-age=3600, &&&&&', 'cache-control': 'no-store' } },
  { says: { 'cdn-cache-control': 'max-age="3600"', 'cache-control': 'no-store' } },
  { says: { 'cdn-cache-control': '', 'cache-control': 'no-store' } },
  { says: { 'surrogate-control': 'no-store', 'cache-control': 'max-age=3600' } },
  { says: { 'surrogate-control': 'no-store, content="ESI/1.0"', 'cache-control': 'max-age=3600' } },
  { says: { 'cloudflare-cdn-cache-control': 'no-store', 'cache-control': 'max-age=3600' } },
  { says: { 'vercel-cdn-cache-control': 'no-store', 'cache-control': 'max-age=3600' } },
  { says: { 'cloudflare-cdn-cache-control': 'max-age=3600', 'cdn-cache-control': 'no-store' } },
]

async function reuses({ says, later = 10, maxAge }: Row): Promise<boolean> {
  const at = await createCachedGateway(maxAge === undefined ? {} : { maxAge })
  countAnswers(at, says)
  await at.send('/x')
  at.now += later * 1000
  return (await (await at.send('/x')).text()) === 'answer 1'
}

describe('P8: how long an answer may be used', () => {
  test.each(reused.map((row) => [JSON.stringify(row.says), row] as const))(
    'P8: reused after %s',
    async (_, row) => {
      expect(await reuses(row)).toBe(true)
    },
  )

  test.each(fetchedAgain.map((row) => [JSON.stringify(row.says), row] as const))(
    'P8: fetched again after %s',
    async (_, row) => {
      expect(await reuses(row)).toBe(false)
    },
  )

  test('P8: the time that an answer is under way counts as its age', async () => {
    const at = await createCachedGateway()
    at.answer = () => {
      at.now += 20_000
      return new Response('x', {
        headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      })
    }
    await at.send('/x')
    expect((await at.send('/x')).headers.get('age')).toBe('20')
  })

  test('P8: a kept answer without a Date gets the one of its arrival', async () => {
    const at = await createCachedGateway()
    countAnswers(at, { 'cache-control': 'max-age=60' })
    await at.send('/x')
    const arrival = at.date(0)
    at.now += 5000
    expect((await at.send('/x')).headers.get('date')).toBe(arrival)
  })
})
