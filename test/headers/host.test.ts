import { describe, expect, it } from 'vitest'
import { readRequestOrigin } from '../../src/headers/host.ts'

describe('scheme and host of a request', () => {
  it.each([
    ['https://app.example/', true, 'app.example'],
    ['https://app.example:8443/a?b#c', true, 'app.example:8443'],
    ['https://app.example', true, 'app.example'],
    ['https://app.example?a=/', true, 'app.example'],
    ['https://app.example#a', true, 'app.example'],
    // workerd hands over urls as they were sent.
    ['https://app.example\\@localhost/', true, 'app.example'],
    ['https://user:word@app.example/@localhost', true, 'app.example'],
    ['https://[::1]:443/', true, '[::1]:443'],
    ['https:///', true, ''],
    ['http://app.example/https://', false, ''],
    ['', false, ''],
  ])('of %s', (url, https, host) => {
    expect(readRequestOrigin(url)).toEqual({ https, host })
  })

  it.each([
    ['https://app.example.evil/', 'app.example.evil'],
    ['https://app.example:1/', 'app.example:1'],
    ['https://app.example@evil/', 'evil'],
    ['https://app.example\\evil/', 'app.example'],
    ['https://app.exampl/', 'app.exampl'],
    ['https://APP.example/', 'APP.example'],
  ])('of %s after another that begins like it', (url, host) => {
    for (const first of ['https://app.example', 'https://app.example/', 'https://app.example?']) {
      readRequestOrigin(first)
      expect(readRequestOrigin(url)).toEqual({ https: true, host })
      expect(readRequestOrigin(first).host).toBe('app.example')
      expect(readRequestOrigin(url.replace('https', 'http')).https).toBe(false)
    }
  })
})
