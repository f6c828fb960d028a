'use server'

/** A Server Function of the guarded page; its answer is what nobody else may see. */
export async function change(): Promise<string> {
  return 'guarded content'
}
