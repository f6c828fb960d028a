/** What Next is told; nothing of it is Portcullis's but the comments. */
import type { NextConfig } from 'next'

const config: NextConfig = {
  // It names the server in every answer.
  poweredByHeader: false,
  // Beside other lock files Next would guess where the project begins.
  turbopack: { root: import.meta.dirname },
}

export default config
