/** A Koa server behind the gateway. */
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Koa from 'koa'
import { portcullis } from './portcullis.ts'
import { serveShop } from './shop.ts'

const app = new Koa()
app.use(portcullis.koa())
app.use(async (context) => {
  const form = Object.fromEntries(new URLSearchParams(await text(context.req)))
  const { method, path, state } = context
  const { status, json, location } = serveShop(method, path, form, state.portcullis)
  if (location !== undefined) context.redirect(location)
  context.status = status
  context.body = json ?? ''
})

const server = app.listen(Number(process.env.PORT ?? '8788'), '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
