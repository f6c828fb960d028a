/**
 * Finds bindings that the upstreams of a configuration read, and that wrangler.toml lacks in some environment.
 * `review.ts` calls it. Each missing binding is a fault; nothing is thrown.
 */

/** A configuration, as far as it is reviewed here. */
interface BoundConfig {
  readonly upstreams?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Section = Readonly<Record<string, unknown>>

/** Lists the faults, without the path of the file. */
export function reviewBindings(config: object, rawConfig: object): readonly string[] {
  const { env, ...top } = rawConfig as Section & { env?: Readonly<Record<string, Section>> }
  const { assets } = top
  const environments = [
    ['', listBound(top)] as const,
    // The only bindings that an environment inherits are the assets.
    ...Object.entries(env ?? {}).map(([name, section]) => {
      return [`env.${name}: `, listBound({ assets, ...section })] as const
    }),
  ]
  return listReads(config).flatMap(({ option, name }) =>
    environments
      .filter(([, bound]) => !bound.has(name))
      .map(
        ([prefix]) => `${prefix}${option} reads c.env.${name}, which wrangler.toml does not bind`,
      ),
  )
}

/**
 * Lists the names that a section of wrangler.toml puts into `c.env`: bindings by their `binding` or `name`, variables
 * and secrets.
 */
function listBound(section: Section): ReadonlySet<string> {
  const { vars, secrets, ...rest } = section
  const { required } = Object(secrets) as { required?: unknown }
  const bound = new Set<string>([...Object.keys(Object(vars) as object), ...pickTexts(required)])
  for (const [key, value] of Object.entries(rest)) {
    const list = key === 'durable_objects' ? (Object(value) as Section).bindings : value
    for (const entry of Array.isArray(list) ? list : [list]) {
      const { binding, name } = Object(entry) as Section
      for (const text of pickTexts([binding, name])) bound.add(text)
    }
  }
  return bound
}

function pickTexts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : []
}

interface BindingRead {
  readonly option: string
  readonly name: string
}

/** Lists the bindings that the options `binding` and `assets` read from their environment. */
function listReads(config: object): BindingRead[] {
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

/** Calls a function with an environment that contains everything, and records the names that it reads. */
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
    // A function that fails here is called by the first request, which reports it.
  }
  return [...names]
}
