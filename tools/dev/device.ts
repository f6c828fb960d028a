/**
 * `npm run dev -- --device`: a certificate of this hour, and the Chromium that binds sessions
 * without a security chip.
 */
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate for localhost in files, gone with {@link remove}. */
export interface DevCertificate {
  readonly key: string
  readonly certificate: string
  /** The command that starts Chromium with device-bound sessions at an address. */
  chromium(url: string): string
  remove(): void
}

/** Creates it with openssl. */
export function createDevCertificate(): DevCertificate {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-tls-'))
  const [key, certificate] = [join(at, 'key.pem'), join(at, 'certificate.pem')]
  const options = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', ...options.split(' '), ...names], { stdio: 'ignore' })

  const { publicKey } = new X509Certificate(readFileSync(certificate))
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const spki = createHash('sha256').update(der).digest('base64')
  const features =
    'DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'
  return {
    key,
    certificate,
    chromium: (url) =>
      `chromium --user-data-dir=${join(at, 'profile')} --enable-features=${features} --ignore-certificate-errors-spki-list=${spki} ${url}/device`,
    remove: () => rmSync(at, { recursive: true, force: true }),
  }
}

/**
 * The status of an answer over TLS, whoever signed the certificate; undefined where nobody answers.
 */
export function askLoopback(url: string): Promise<number | undefined> {
  return new Promise((done) => {
    const request = get(
      url,
      { rejectUnauthorized: false, timeout: 2000, agent: false },
      (answer) => {
        answer.resume()
        done(answer.statusCode)
      },
    )
    request.on('error', () => done(undefined)).on('timeout', () => request.destroy())
  })
}
