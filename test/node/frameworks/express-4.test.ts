/** The tests of Express 5 with Express 4, which the page of Express names too. */
import { vi } from 'vitest'

vi.mock('express', () => import('express-4' as string))

await import('./express.test.ts')
await import('./handler.test.ts')
