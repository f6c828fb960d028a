/** The seal format once more, on node:crypto and from its description alone: nothing here comes from src/. */
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto'

export interface ByHand {
  readonly secret: string
  readonly purpose: string
  readonly name: string
  readonly audience?: string
  readonly day: number
  readonly iv: string
  readonly text: string
}

/** HKDF-SHA-256 of the UTF-8 of the secret; salt `portcullis v1`; info: each part behind its length and a colon, joined by `|`. */
export function derive(secret: string, length: number, ...parts: string[]): Buffer {
  const info = parts.map((part) => `${part.length}:${part}`).join('|')
  return Buffer.from(hkdfSync('sha256', secret, 'portcullis v1', info, length))
}

export function keyIdByHand(secret: string): string {
  return derive(secret, 6, 'kid').toString('base64url')
}

export function dayKeyByHand({
  secret,
  purpose,
  name,
  audience,
  day,
}: Omit<ByHand, 'iv' | 'text'>): Buffer {
  const bound = audience === undefined ? [purpose, name] : [purpose, name, audience]
  return derive(secret, 32, 'seal', ...bound, String(day))
}

export function sealByHand(given: ByHand): string {
  const kid = `${keyIdByHand(given.secret)}.${given.day}`
  const header = Buffer.from(`{"alg":"dir","enc":"A256GCM","kid":"${kid}"}`).toString('base64url')
  const cipher = createCipheriv(
    'aes-256-gcm',
    dayKeyByHand(given),
    Buffer.from(given.iv, 'base64url'),
  )
  cipher.setAAD(Buffer.from(header))
  const text = Buffer.concat([cipher.update(given.text, 'utf8'), cipher.final()]).toString(
    'base64url',
  )
  return `${header}..${given.iv}.${text}.${cipher.getAuthTag().toString('base64url')}`
}

export function macByHand(secret: string, purpose: string, text: string): string {
  return createHmac('sha256', derive(secret, 32, 'mac', purpose))
    .update(text)
    .digest('base64url')
}
