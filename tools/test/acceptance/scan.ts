/** Runs the Observatory's own scan in a process of its own, which trusts our certificate: `scan.ts <host:port>`. */
const { scan } = (await import(`${'@mdn/mdn-http-observatory'}`)) as {
  scan: (host: string) => Promise<unknown>
}
console.log(JSON.stringify(await scan(process.argv[2] ?? '')))
