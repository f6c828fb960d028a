import { describe, expect, it } from 'vitest'
import { isNavigation, isPrefetch, isWebSocketUpgrade } from '../../src/request/index.ts'

type Row = [method: string, headers: Record<string, string>, answer: boolean]

const request = (
  method: string,
  headers: Record<string, string>,
): { method: string; headers: Headers } => ({
  method,
  headers: new Headers(headers),
})

describe('isNavigation', () => {
  it.each<Row>([
    ['GET', { 'Sec-Fetch-Mode': 'navigate', Accept: '*/*' }, true],
    ['POST', { 'Sec-Fetch-Mode': 'navigate' }, true],
    ['GET', { 'Sec-Fetch-Mode': 'cors', Accept: 'text/html' }, false],
    ['GET', { 'Sec-Fetch-Mode': 'no-cors', Accept: 'text/html' }, false],
    ['GET', { 'Sec-Fetch-Mode': 'same-origin', Accept: 'text/html' }, false],
    ['GET', { 'Sec-Fetch-Mode': 'websocket' }, false],
    ['GET', { 'Sec-Fetch-Mode': '', Accept: 'text/html' }, false],
    ['GET', { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, true],
    ['HEAD', { Accept: 'application/json, TEXT/HTML' }, true],
    ['POST', { Accept: 'text/html' }, false],
    ['GET', { Accept: '*/*' }, false],
    ['GET', { Accept: 'application/json' }, false],
    ['GET', {}, false],
  ])('%s with %j: %s', (method, headers, answer) => {
    expect(isNavigation(request(method, headers))).toBe(answer)
  })
})

describe('isWebSocketUpgrade', () => {
  it.each<Row>([
    ['GET', { Upgrade: 'websocket' }, true],
    ['GET', { Upgrade: 'WebSocket' }, true],
    ['GET', { Upgrade: 'h2c, websocket' }, true],
    ['GET', { Upgrade: 'h2c' }, false],
    ['GET', { Upgrade: 'websocketx' }, false],
    ['GET', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }, false],
    ['POST', { Upgrade: 'websocket' }, false],
    ['GET', {}, false],
  ])('%s with %j: %s', (method, headers, answer) => {
    expect(isWebSocketUpgrade(request(method, headers))).toBe(answer)
  })
})

describe('isPrefetch', () => {
  it.each<Row>([
    ['GET', { 'Sec-Purpose': 'prefetch' }, true],
    ['GET', { 'Sec-Purpose': 'prefetch;prerender' }, true],
    ['GET', { 'Sec-Purpose': 'prefetch;anonymous-client-ip' }, true],
    ['GET', { 'Sec-Purpose': 'prefetchx' }, false],
    ['GET', { 'Sec-Purpose': '' }, false],
    ['GET', { Purpose: 'prefetch' }, false],
    ['GET', {}, false],
  ])('%s with %j: %s', (method, headers, answer) => {
    expect(isPrefetch(request(method, headers))).toBe(answer)
  })
})
