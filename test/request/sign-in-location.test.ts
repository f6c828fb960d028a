import { describe, expect, test } from 'vitest'
import { returnPath } from '../../src/request/index.ts'
import { signInLocation } from '../../src/request/sign-in.ts'
import { bench } from '../gateway/support.ts'

const browser = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('P6: the way back from the sign-in page', () => {
  test.each([
    ['/account', '/login?return_to=%2Faccount'],
    ['/account?q=1&r=%2F', '/login?return_to=%2Faccount%3Fq%3D1%26r%3D%252F'],
    ['/account?q=é', '/login?return_to=%2Faccount%3Fq%3D%25C3%25A9'],
    ['/account?q=日本', '/login?return_to=%2Faccount%3Fq%3D%25E6%2597%25A5%25E6%259C%25AC'],
    ['/account?q=😀', '/login?return_to=%2Faccount%3Fq%3D%25F0%259F%2598%2580'],
    ['/account?q=\ud83d', '/login?return_to=%2Faccount%3Fq%3D%25EF%25BF%25BD'],
    ['/account?q=%0d%0aSet-Cookie', '/login?return_to=%2Faccount%3Fq%3D%250d%250aSet-Cookie'],
    ['/account%0d%0a', '/login'],
    ['/account?q=\r\nSet-Cookie: a', '/login'],
    ['//evil.test', '/login'],
    ['/account#x', '/login'],
    [`/account?q=${'a'.repeat(3000)}`, '/login'],
    [`/account?q=${'é'.repeat(400)}`, '/login'],
    [`/account?q=${'&'.repeat(2000)}`, '/login'],
  ])('P6: %j: %s', (path, location) => {
    expect(signInLocation('/login', path)).toBe(location)
    const back = new URL(location, 'https://app.example.com').searchParams.get('return_to')
    if (back !== null) expect(returnPath(back)).toBe(back)
  })

  test('P6: follows a query that the sign-in page has', () => {
    expect(signInLocation('/login?from=app', '/x')).toBe('/login?from=app&return_to=%2Fx')
  })

  // A deep link of 3 KB was sent to an address that the same gateway refused.
  test.each([
    `/account?q=${'a'.repeat(3000)}`,
    `/account?q=${'&a=%25'.repeat(150)}`,
    `/account?${'return_to=%2Flogin%3F'.repeat(90)}`,
    `/account?q=${'%C3%A9'.repeat(300)}`,
    '/account?q=é',
  ])('P6: the gateway takes the address to which it sends: %s', async (path) => {
    const at = await bench()
    const answer = await at.ask(path, { headers: browser })
    expect(answer.status).toBe(303)
    const location = answer.headers.get('location') ?? ''
    expect(location).toMatch(/^\/login(?:\?return_to=[!-~]*)?$/)
    expect((await at.ask(location, { headers: browser })).status).toBe(200)
    const back = new URL(location, 'https://app.example.com').searchParams.get('return_to')
    if (back !== null) expect(returnPath(back)).toBe(back)
  })
})
