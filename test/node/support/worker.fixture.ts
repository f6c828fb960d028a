/** A Worker in two files and with types, so that only a bundle of it runs. */
import { bundled } from './worker.fixture.part.ts'

export default {
  fetch: (): Response => new Response(bundled satisfies string),
}
