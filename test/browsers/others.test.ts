/**
 * Browsers that know nothing of device-bound sessions, at a site that has them: everything works as
 * before.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTls, type Site, startSite } from './support.ts'
import { type DrivenBrowser, startFirefox, startWebKit } from './webdriver.ts'

describe.each([
  ['Firefox', startFirefox],
  ['WebKitGTK', startWebKit],
] as const)('%s at a site with device-bound sessions', (_, start) => {
  let site: Site
  let browser: DrivenBrowser

  beforeAll(async () => {
    site = await startSite('workerd', createTls(), { host: 'localhost' })
    browser = await start()
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
  })

  const fetchStatus = (path: string, init = '{}'): Promise<string> =>
    browser.run(`fetch('${path}', ${init}).then(({ status }) => status)`)

  it('signs in, works, is refused where a bound session is asked for, and signs out', async () => {
    await browser.open(`${site.origin}/login`)
    expect(await browser.run('document.title')).toBe('sign in')
    expect(await fetchStatus('/api/me')).toBe('401')
    expect(await fetchStatus('/login', "{ method: 'POST' }")).toBe('200')
    for (let i = 0; i < 3; i++) expect(await fetchStatus('/api/me')).toBe('200')
    await browser.open(`${site.origin}/page`)
    expect(await browser.run('document.title')).toBe('GET /page')
    expect(await fetchStatus('/proof')).toBe('403')

    expect(await fetchStatus('/logout', "{ method: 'POST' }")).toBe('200')
    expect(await fetchStatus('/api/me')).toBe('401')
    const entries = await site.log()
    expect(entries.filter(({ path }) => path?.includes('dbsc'))).toEqual([])
    expect(entries.filter(({ event }) => event === 'session-key-offered')).toEqual([])
  })
})
