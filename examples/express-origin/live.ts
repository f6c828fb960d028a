/** What stays open: server-sent events and a WebSocket. */
import type { Server } from 'node:http'
import { type Request, type Response, Router } from 'express'
import { WebSocketServer } from 'ws'
import { identify } from './portcullis.ts'

/** `/events?count=10`: one event a second, an hour of them at most, then `done`. */
export function events(): Router {
  return Router().get('/events', (req: Request, res: Response) => {
    const count = Math.min(Math.max(Math.trunc(Number(req.query.count ?? 10)) || 1, 1), 3600)
    let sent = 0
    const tick = (): void => {
      sent += 1
      res.write(`id: ${sent}\ndata: tick ${sent} of ${count}\n\n`)
      if (sent < count) return
      clearInterval(timer)
      res.end('event: done\ndata: done\n\n')
    }
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const timer = setInterval(tick, 1000)
    res.once('close', () => clearInterval(timer))
    tick()
  })
}

/** `/socket`: greets by name, as the assertion of the upgrade request gives it, then echoes. */
export function sockets(server: Server): WebSocketServer {
  const echo = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
  server.on('upgrade', async (req, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refuse = (status: string): unknown =>
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    if (req.url?.split('?')[0] !== '/socket') return refuse('404 Not Found')
    try {
      const identity = await identify<{ name?: string }>(req)
      echo.handleUpgrade(req, socket, head, (ws) => {
        ws.on('error', () => ws.terminate())
        ws.on('message', (data, binary) => ws.send(data, { binary }))
        ws.send(`hello ${identity?.claims?.name ?? 'stranger'}`)
      })
    } catch {
      refuse('401 Unauthorized')
    }
  })
  server.once('close', () => echo.close())
  return echo
}
