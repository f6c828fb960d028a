/** No session at all: what everything else is measured over. */
import type { Hono } from 'hono'
import { told } from '../data.ts'

export function mount(app: Hono): void {
  app.get('/make', (c) => c.text('n=1'))
  app.get('/read', (c) => c.text(told({ n: 1, pad: '' })))
  app.get('/write', (c) => c.text(told({ n: 2, pad: '' })))
}
