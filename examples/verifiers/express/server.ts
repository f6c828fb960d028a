/** An Express server for people whom the gateway knows. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { portcullis } from './portcullis.ts'

const {
  ISSUER = 'http://localhost:8787',
  AUDIENCE = 'app',
  JWKS,
  COOLDOWN = '30',
  PORT = '8788',
} = process.env

const app = express()
app.use(
  portcullis({
    issuer: ISSUER,
    audience: AUDIENCE,
    ...(JWKS && { jwks: JWKS }),
    cooldownMs: Number(COOLDOWN) * 1000,
  }),
)
app.use((_req, res) => {
  res.json(res.locals.who)
})
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
