import { describe, expect, it } from 'vitest'
import {
  findHeaders,
  forgetHeaders,
  TrackedHeaders,
  trackHeaders,
} from '../../src/request/tracked-headers.ts'

const entries = (headers: Headers): string[] =>
  [...headers].map(([name, value]) => `${name}: ${value}`)

describe('tracked headers', () => {
  it('make each change on the headers of the response, and know it afterwards', () => {
    const response = new Response('text', {
      headers: { 'Content-Type': 'text/plain', 'X-Old': '1', vary: 'Accept' },
    })
    const headers = trackHeaders(response)

    headers.set('cache-control', 'no-store')
    headers.append('vary', 'Cookie')
    headers.append('x-new', '2')
    headers.delete('x-old')

    expect(entries(response.headers)).toEqual([
      'cache-control: no-store',
      'content-type: text/plain',
      'vary: Accept, Cookie',
      'x-new: 2',
    ])
    const known: string[] = []
    headers.forEach((value, name) => {
      known.push(`${name}: ${value}`)
    })
    expect(known.sort()).toEqual(entries(response.headers))
    expect(headers.get('vary')).toBe('Accept, Cookie')
    expect(headers.has('x-old')).toBe(false)
  })

  it('keep every Set-Cookie apart', () => {
    const headers = new Headers()
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const tracked = new TrackedHeaders(headers)

    expect(tracked.getSetCookie()).toEqual(['a=1', 'b=2'])
    tracked.append('set-cookie', 'c=3')
    expect(tracked.getSetCookie()).toEqual(['a=1', 'b=2', 'c=3'])
    tracked.delete('set-cookie')
    expect(headers.getSetCookie()).toEqual([])
  })

  it('are found until they are forgotten, and not for a copy', () => {
    const response = new Response(null)
    const tracked = trackHeaders(response)

    expect(findHeaders(response)).toBe(tracked)
    const copy = new Response(null, response)
    expect(findHeaders(copy)).toBe(copy.headers)
    expect(findHeaders(forgetHeaders(response))).toBe(response.headers)
  })
})
