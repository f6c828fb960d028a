/** A person signs in and out with three engines: at a provider of another site, through the gateway, in front of Express. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoginSite, loginBrowsers, startLoginSite } from './login-site.ts'
import { createTls } from './support.ts'
import type { DrivenBrowser } from './webdriver.ts'

/** An Express application that shows whom the gateway names. */
function createUpstream(): express.Express {
  const app = express()
  app.get('/{*path}', (request, response) => {
    const payload = `${request.headers['portcullis-assertion']}`.split('.')[1] ?? ''
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }
    const cookies = request.headers.cookie ?? 'none'
    response.send(`<!doctype html><title>${request.path} of ${sub}</title><p>cookies: ${cookies}`)
  })
  return app
}

describe.each(loginBrowsers)('a login in %s', (_, start) => {
  let site: LoginSite
  let browser: DrivenBrowser
  let upstream: Server

  beforeAll(async () => {
    const tls = createTls()
    upstream = createServer(createUpstream()).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    site = await startLoginSite(tls, { url: `http://127.0.0.1:${port}` })
    browser = await start(tls)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    upstream.closeAllConnections()
    upstream.close()
  })

  /** A page that goes on destroys the one in which a script ran. */
  const read = (script: string): Promise<string> => browser.run(script).catch(() => '')
  const click = (selector: string): Promise<string> =>
    read(`setTimeout(() => document.querySelector('${selector}').click()) && ''`)
  const title = (): Promise<string> => read('document.title')

  it('1, 80, 81, 82: signs in at another site, works, and signs out there and here', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=dev&return_to=/orders`)
    expect(await title()).toBe('Who are you?')
    await click('button[value=alice]')
    await expect.poll(title).toBe('/orders of dev|alice')
    // Neither the session nor an attempt reaches the application.
    expect(await read('document.body.textContent')).toBe('cookies: none')
    await browser.open(`${site.origin}/admin`)
    expect(await title()).toBe('/admin of dev|alice')

    await browser.open(`${site.origin}/.portcullis/logout`)
    expect(await title()).toBe('Sign out')
    await click('button')
    await expect.poll(title).toBe('You are signed out')
    expect(await read('location.href')).toBe(`${site.origin}/.portcullis/logged-out`)
    // The provider's session is over, too: it asks again.
    await browser.open(`${site.origin}/.portcullis/login?provider=dev`)
    expect(await title()).toBe('Who are you?')
  })

  it('10: a page without a session leads to the page of providers', async () => {
    await browser.open(`${site.origin}/orders`)
    expect(await title()).toBe('Sign in')
    expect(await read('document.querySelectorAll("a").length')).toBe('2')
  })

  it('118: an answer that another site posts finds its attempt', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=posts&return_to=/posted`)
    expect(await title()).toBe('Who are you?')
    await click('button[value=bob]')
    await expect.poll(title).toBe('/posted of posts|bob')
    await browser.open(`${site.origin}/admin`)
    expect(await title()).not.toContain('of posts|bob')
  })

  it('28: the way back from a page does not break the login', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=dev&return_to=/back`)
    // Bob is still signed in at the provider, which asks nothing.
    await expect.poll(title).toBe('/back of dev|bob')
    await browser.open(`${site.origin}/.portcullis/callback/dev?state=${'a'.repeat(38)}&code=x`)
    await expect.poll(title).toBe('/ of dev|bob')
  })
})
