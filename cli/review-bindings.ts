/** Finds bindings that upstreams of a configuration read, and that wrangler.toml lacks in some environment. */

/** Upstreams, as far as they are looked at. */
interface BoundConfig {
  readonly upstreams?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Section = Readonly<Record<string, unknown>>

/** Each problem, without the path of the file. */
export function reviewBindings(config: object, rawConfig: object): readonly string[] {
  const { env, ...top } = rawConfig as Section & { env?: Readonly<Record<string, Section>> }
  const { assets } = top
  const environments = [
    ['', listBound(top)] as const,
    // An environment inherits no bindings except the assets.
    ...Object.entries(env ?? {}).map(([name, own]) => {
      return [`env.${name}: `, listBound({ assets, ...own })] as const
    }),
  ]
  return listReads(config).flatMap(({ option, name }) =>
    environments
      .filter(([, bound]) => !bound.has(name))
      .map(([at]) => `${at}${option} reads c.env.${name}, which wrangler.toml does not bind there`),
  )
}

/** Names that a section puts into `c.env`: `binding` or `name` of what it lists, variables, secrets. */
function listBound(section: Section): ReadonlySet<string> {
  const { vars, secrets, ...rest } = section
  const { required } = Object(secrets) as { required?: unknown }
  const bound = new Set<string>([...Object.keys(Object(vars) as object), ...textsIn(required)])
  for (const [key, value] of Object.entries(rest)) {
    const list = key === 'durable_objects' ? (Object(value) as Section).bindings : value
    for (const entry of Array.isArray(list) ? list : [list]) {
      const { binding, name } = Object(entry) as Section
      for (const text of textsIn([binding, name])) bound.add(text)
    }
  }
  return bound
}

function textsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

interface Read {
  readonly option: string
  readonly name: string
}

/** Lists the bindings that the functions of `binding` and `assets` read from their environment. */
function listReads(config: object): Read[] {
  const { upstreams = {} } = config as BoundConfig
  return Object.entries(upstreams).flatMap(([upstream, options]) =>
    ['binding', 'assets'].flatMap((option) => {
      const read = options[option]
      return typeof read === 'function'
        ? recordNames(read as (c: object) => unknown).map((name) => {
            return { option: `upstreams.${upstream}.${option}`, name }
          })
        : []
    }),
  )
}

/** Calls a function with an environment that has everything, and records what it asks for. */
function recordNames(read: (c: object) => unknown): string[] {
  const names = new Set<string>()
  const anything: object = new Proxy(() => {}, {
    get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : anything),
    apply: () => anything,
  })
  const env = new Proxy(
    {},
    {
      get(_target, name) {
        if (typeof name === 'string') names.add(name)
        return anything
      },
    },
  )
  try {
    read({ env })
  } catch {
    // A function that needs more than names is looked at by the first request.
  }
  return [...names]
}
