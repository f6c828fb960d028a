/** Where fast-check begins, in vitest's processes; tools/test/runtimes.ts does the same for the bundle. */
import { configureGlobal } from 'fast-check'
import { seed } from '../../tools/test/portable.ts'

configureGlobal({ seed: seed() })
