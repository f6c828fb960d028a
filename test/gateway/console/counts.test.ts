import { describe, expect, test } from 'vitest'
import { createCounts, maxNames, maxRecent } from '../../../src/gateway/console/counts/counts.ts'
import type { RecentRequest } from '../../../src/gateway/console/counts/recent.ts'
import { createMinuteLimit, createStreamLimit } from '../../../src/gateway/console/limits.ts'
import { describeBreakage } from '../../../src/gateway/console/page/breakage.ts'
import { createView } from '../../../src/gateway/console/page/view.ts'

const start = 1_790_000_040_000
const minute = 60_000

function createRequest(id: string): RecentRequest {
  const [route, reason, upstream, client] = [undefined, undefined, undefined, undefined]
  const rest = { route, reason, upstream, client, decision: 'passed' } as const
  return { id, at: start, method: 'GET', status: 200, millis: 1, ...rest }
}

describe('counts', () => {
  test('an hour is kept, and what is older is gone', () => {
    const counts = createCounts()
    for (let index = 0; index < 200; index++)
      counts.add(start + index * minute, 'reason', 'no-session')
    const now = start + 199 * minute
    const { minutes } = counts.read(now)
    expect(minutes).toHaveLength(60)
    expect(createView(counts.read(now), [], now).refusals).toMatchObject([
      { name: 'no-session', total: 60 },
    ])
  })

  test('names beyond the bound are counted as other, and no count is lost', () => {
    const counts = createCounts()
    for (let index = 0; index < 1000; index++) counts.add(start, 'csp', `report img-src x${index}`)
    const [only] = counts.read(start).minutes
    expect(only?.counts.size).toBe(maxNames + 1)
    const sum = [...(only?.counts.values() ?? [])].reduce((a, b) => a + b, 0)
    expect(sum).toBe(1000)
  })

  test('a clock that goes back does not let them grow', () => {
    const counts = createCounts()
    for (let index = 0; index < 10_000; index++)
      counts.add(start - index * minute, 'reason', 'no-session')
    expect(counts.read(start - 9_999 * minute).minutes).toHaveLength(1)
  })

  test('the newest requests come first, and only so many are kept', () => {
    const counts = createCounts()
    for (let index = 0; index < 1000; index++) counts.remember(createRequest(`request-${index}`))
    const { recent } = counts.read(start)
    expect(recent).toHaveLength(maxRecent)
    expect(recent[0]?.id).toBe('request-999')
  })

  test('a series has one value for each minute of the hour, the last one now', () => {
    const counts = createCounts()
    counts.add(start, 'decision', 'refused', 2)
    counts.add(start + 3 * minute, 'decision', 'refused')
    const now = start + 3 * minute
    const [series] = createView(counts.read(now), [], now).decisions
    expect(series?.values).toHaveLength(60)
    expect(series?.values.slice(-4)).toEqual([2, 0, 0, 1])
  })

  test('reports are grouped by directive, with what each source would lose', () => {
    const counts = createCounts()
    counts.add(start, 'csp', 'report script-src-elem https://cdn.example')
    counts.add(start, 'csp', 'report script-src-elem inline', 3)
    counts.add(start, 'csp', 'enforce img-src https://ads.example')
    expect(createView(counts.read(start), [], start).reports).toEqual([
      {
        directive: 'img-src',
        sources: [{ source: 'https://ads.example', reports: 1, enforced: true }],
      },
      {
        directive: 'script-src-elem',
        sources: [
          { source: 'inline', reports: 3, enforced: false },
          { source: 'https://cdn.example', reports: 1, enforced: false },
        ],
      },
    ])
    expect(describeBreakage('script-src-elem', 'inline', false)).toBe(
      'Would be blocked: scripts that are in the page itself.',
    )
    expect(describeBreakage('img-src', 'https://ads.example', true)).toBe(
      'Blocked now: images from https://ads.example.',
    )
  })

  test('a limit of a minute ends with it, also where the clock went back', () => {
    const limit = createMinuteLimit(1)
    expect(limit.consume('a', start)).toBeUndefined()
    expect(limit.consume('a', start + 1000)).toBe(59)
    expect(limit.consume('b', start + 1000)).toBeUndefined()
    expect(limit.consume('a', start - 3600_000)).toBeUndefined()
    expect(limit.consume('a', start + minute)).toBeUndefined()
  })
})

describe('live streams', () => {
  const bounds = { perSession: 2, all: 3, lastsMs: 70_000 }

  test('a stream whose client left unnoticed has no place once it should have ended', () => {
    const streams = createStreamLimit(bounds)
    const lost = ['a', 'b', 'c'].map((key) => streams.open(key, start))
    expect(streams.open('d', start + 70_000)).toBeUndefined()
    expect(streams.open('d', start + 70_001)).toBeDefined()
    expect(lost.map((stream) => stream?.isReplaced)).toEqual([true, true, true])
  })

  test('a session gets a place in the stead of its own oldest stream, and of no other', () => {
    const streams = createStreamLimit(bounds)
    const [first, second, other] = ['a', 'a', 'b'].map((key) => streams.open(key, start))
    expect(streams.open('a', start)).toBeDefined()
    expect([first?.isReplaced, second?.isReplaced, other?.isReplaced]).toEqual([true, false, false])
    expect(streams.open('c', start)).toBeUndefined()
    other?.close()
    expect(streams.open('c', start)).toBeDefined()
  })

  test('a clock that went back frees the places of streams that it puts into the future', () => {
    const streams = createStreamLimit({ ...bounds, all: 1 })
    streams.open('a', start)
    expect(streams.open('b', start - 1)).toBeDefined()
  })
})
