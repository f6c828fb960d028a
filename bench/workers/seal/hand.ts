/** Hand-written Web Crypto AES-GCM: iv, ciphertext and tag in one base64url run, no AAD, native codec. */
import type { Data } from '../data.ts'
import { looped } from './loop.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
let key: CryptoKey | undefined

async function theKey(): Promise<CryptoKey> {
  key ??= await crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ])
  return key
}

export async function seal(data: object): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const text = encoder.encode(JSON.stringify(data))
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key ?? (await theKey()), text)
  const all = new Uint8Array(12 + sealed.byteLength)
  all.set(iv)
  all.set(new Uint8Array(sealed), 12)
  return all.toBase64({ alphabet: 'base64url', omitPadding: true })
}

export async function open(token: string): Promise<Data> {
  const all = Uint8Array.fromBase64(token, { alphabet: 'base64url' })
  const algorithm = { name: 'AES-GCM', iv: all.subarray(0, 12) }
  const text = await crypto.subtle.decrypt(algorithm, key ?? (await theKey()), all.subarray(12))
  return JSON.parse(decoder.decode(text)) as Data
}

export default looped({ seal, open })
