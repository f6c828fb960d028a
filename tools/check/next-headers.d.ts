/** As much of `next/headers` as blocks of documentation use: Next itself is installed by its example alone. */
export function cookies(): Promise<{
  get(name: string): { readonly value: string } | undefined
  set(name: string, value: string, options: object): unknown
}>
export function headers(): Promise<Headers>
