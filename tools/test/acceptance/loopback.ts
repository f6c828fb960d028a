/** Preloaded (`node --import`): the name of the gateway under test leads to loopback, as DNS would lead to the edge. */
import dns from 'node:dns'

const lookup = dns.lookup as (...all: unknown[]) => unknown
const ours = process.env.ACCEPTANCE_HOST
dns.lookup = ((name: string, ...rest: unknown[]) =>
  lookup(name === ours ? '127.0.0.1' : name, ...rest)) as typeof dns.lookup
