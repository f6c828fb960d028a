/** `node examples/keystone-migration/main.ts`: a user whom Keystone logged in, before and after the migration. */
import { createApp } from './app.ts'
import { browserOf } from './browser.ts'
import { keystoneCookieName, keystoneLogin } from './keystone.ts'

// Of this example alone. Yours are in the environment, and in no file that git knows.
const keystoneSecret = 'the-old-secret-of-Keystone-9pQ2xV7m'
const sessionSecret = 'Kd83hvQ1wz-Tn5RyLm2XbGc7sJf4Pa6E'

const app = createApp({ keystoneSecret, sessionSecret })
const browser = browserOf(app)

browser.take(await keystoneLogin({ listKey: 'User', itemId: 'clx1a2b3c' }, keystoneSecret))
const copy = browser.cookies.get(keystoneCookieName) ?? ''
say('Keystone logged somebody in')

await show('GET', '/me')
await show('GET', '/me')
await show('POST', '/logout')
await show('GET', '/me')

browser.cookies.set(keystoneCookieName, copy)
say('Somebody kept a copy of it')
await show('GET', '/me')

async function show(method: string, path: string): Promise<void> {
  const { status, text } = await browser.ask(method, path)
  say(`${method} ${path}`.padEnd(13) + status, status === 200 ? text : '')
}

/** A line: what happened, the cookies that the browser has then, and what it was shown. */
function say(what: string, shown = ''): void {
  console.log(
    `${what.padEnd(29)}${([...browser.cookies.keys()].join() || '-').padEnd(20)}${shown}`.trimEnd(),
  )
}
