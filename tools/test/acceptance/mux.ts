/** One port for http and https, as the scanner asks for: plain http is sent on to https, which ends here. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, request } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/** A port that ends TLS in front of a server of plain http. */
export interface Mux {
  readonly port: number
  /** Hands requests to this port from now on. */
  serve(port: number): void
  close(): void
}

/** Makes a certificate for a name, good for two days, which is its own authority; returns its path. */
export function certificate(
  at: string,
  name: string,
): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(at, 'cert.pem'), join(at, 'key.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]

  execFileSync(
    'openssl',
    ['req', '-x509', '-days', '2', ...curve, ...subject, '-keyout', key, '-out', cert],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )

  return { cert, key }
}

/** Opens a port on loopback. */
export async function startMux(
  host: string,
  { cert, key }: ReturnType<typeof certificate>,
): Promise<Mux> {
  let target = 0
  const sockets = new Set<Socket>()
  const plain = createHttp((asked, answer) => {
    answer.writeHead(308, { location: `https://${host}:${port}${asked.url}` }).end()
  })
  const tls = createHttps({ cert: readFileSync(cert), key: readFileSync(key) }, (asked, answer) => {
    const { method, url } = asked
    const headers = { ...asked.headers, 'x-forwarded-proto': 'https' }
    const upstream = request(
      { host: '127.0.0.1', port: target, method, path: url, headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.statusMessage, response.rawHeaders)
        response.pipe(answer)
      },
    )

    upstream.on('error', () => answer.destroy())
    asked.pipe(upstream)
  })

  // The first byte of a TLS handshake is 22 (RFC 8446 section 5.1); no method of HTTP begins so.
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.once('data', (first) => {
      socket.pause()
      ;(first[0] === 22 ? tls : plain).emit('connection', socket)
      socket.unshift(first)
      socket.resume()
    })
  })

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo

  return {
    port,
    serve(to): void {
      target = to
    },
    close(): void {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
