/** An Express server behind the gateway. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type OriginSession, portcullis } from './portcullis.ts'
import { serveShop } from './shop.ts'

declare global {
  namespace Express {
    interface Request {
      portcullis: OriginSession
    }
  }
}

const app = express()
app.use(portcullis.express())
app.use(express.urlencoded({ extended: false }))
app.use((request, response) => {
  const { method, path, body = {} } = request
  const { status, json, location } = serveShop(method, path, body, request.portcullis)
  if (location !== undefined) response.redirect(status, location)
  else response.status(status).json(json)
})

const server = app.listen(Number(process.env.PORT ?? '8788'), '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
