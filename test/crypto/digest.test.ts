import { expect, it } from 'vitest'
import { sha256 } from '../../src/crypto/index.ts'

// FIPS 180-4 examples (empty, one block, two blocks), in base64url.
it.each([
  ['', '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'],
  ['abc', 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    'JI1qYdIGOLjlwCaTDD5gOaM85Flk_yFn9uzt1BnbBsE',
  ],
])('the SHA-256 of %j is %s', async (text, digest) => {
  expect(await sha256(text)).toBe(digest)
})
