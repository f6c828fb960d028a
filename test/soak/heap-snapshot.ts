/** Reads a snapshot of V8's heap. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { node_fields: string[]; node_types: [string[], ...unknown[]] }
  }
  readonly nodes: readonly number[]
}

/** What V8 keeps for itself: code that it compiles, and drops again, whenever it likes. */
const own: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape'])

/**
 * Sums the bytes of everything that a program holds. The heap in use, as V8 counts it, moves by
 * more between two calls.
 */
export function sumHeap(text: string): number {
  const { snapshot, nodes } = JSON.parse(text) as Snapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')]
  let bytes = 0
  for (let node = 0; node < nodes.length; node += fields.length) {
    if (!own.has(types[0][nodes[node + typeAt] ?? 0] ?? '')) bytes += nodes[node + sizeAt] ?? 0
  }
  return bytes
}
