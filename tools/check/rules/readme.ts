/** What a page of documentation promises in its code blocks, as pure functions over its text. */

/** A fenced block. */
export interface Block {
  /** What stands behind the fence, such as `ts`. */
  readonly info: string
  /** Line of its first line of code, from 1. */
  readonly line: number
  readonly text: string
}

/** A file to compile: a block and the name it gets. */
export interface Snippet extends Block {
  readonly path: string
}

/** Every fenced block (CommonMark section 4.5), also inside lists; what the fence is indented by is taken off. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.split(/\r?\n/)

  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence, info = ''] =
      /^(\s*)(`{3,}|~{3,})\s*([^`]*?)\s*$/.exec(lines[at] ?? '') ?? []
    if (!fence) continue

    const start = at + 1
    do at++
    while (at < lines.length && !isClosing(lines[at] ?? '', fence))

    const own = lines
      .slice(start, at)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
    blocks.push({ info, line: start + 1, text: own.join('\n') })
  }

  return blocks
}

function isClosing(line: string, fence: string): boolean {
  const mark = line.trim()
  return mark.length >= fence.length && mark === fence.charAt(0).repeat(mark.length)
}

/**
 * The blocks to compile. One whose first line is a comment with a path (`// src/app.ts`) is that file, so that others of
 * the page can import it; the second of that name lies beside the first, and is what later blocks of its folder import.
 */
export function snippetsOf(markdown: string): Snippet[] {
  const taken = new Map<string, string>()
  return blocksOf(markdown)
    .filter(({ info }) => ['ts', 'tsx', 'js'].includes(info))
    .map((block) => {
      const named = /^\/\/ ((?:[\w.@-]+\/)*[\w.[\]-]+)\.(?:tsx?|js)\s*$/m.exec(
        block.text.split('\n')[0] ?? '',
      )?.[1]
      const wanted = `${named ?? `line-${block.line}`}.${block.info}`
      const path = taken.has(wanted) ? `${named}.line-${block.line}.${block.info}` : wanted

      taken.set(wanted, path)
      const folder = path.slice(0, path.lastIndexOf('/') + 1)
      const text = block.text.replace(/(?<= from '\.\/)[\w.-]+(?=')/g, (name) =>
        (taken.get(folder + name) ?? folder + name).slice(folder.length),
      )
      return { ...block, path, text }
    })
}

/**
 * Blocks of frameworks whose types are not installed here. The journeys of test/journeys/frameworks.ts put them into
 * projects and build those; test/node/frameworks/nuxt.test.ts runs what those of Nuxt call.
 */
const builtElsewhere = /^tsx? (?:sveltekit|react-router|astro|nuxt)$/

/** What can be said without a compiler: fences that would escape it, JSON that is none, scripts and tools that are not there. */
export function pageFaults(
  markdown: string,
  scripts: ReadonlySet<string>,
  exists: (path: string) => boolean,
): string[] {
  const faults: string[] = []
  for (const { info, line, text } of blocksOf(markdown)) {
    const say = (fault: string): unknown => faults.push(`${line}: ${fault}`)
    if (
      /^(?:ts|tsx|js|typescript|javascript|jsx|mjs|mts)\b/.test(info) &&
      !['ts', 'tsx', 'js'].includes(info) &&
      !builtElsewhere.test(info)
    ) {
      say(`a block marked "${info}" would not be compiled: mark it ts, tsx or js`)
    }

    if (info === '') say('a block without a language is not checked: name one (text, http, sh)')
    if (info === 'json') {
      try {
        JSON.parse(text)
      } catch (error) {
        say(`not JSON: ${error instanceof Error ? error.message : error}`)
      }
    }

    if (['sh', 'bash', 'shell', 'console'].includes(info))
      for (const fault of shellFaults(text, scripts, exists)) say(fault)
  }

  return faults
}

function shellFaults(
  text: string,
  scripts: ReadonlySet<string>,
  exists: (path: string) => boolean,
): string[] {
  const faults: string[] = []
  for (const [, run, short] of text.matchAll(
    /\bnpm\s+(?:run\s+(?:--?[\w-]+\s+)*([\w:.-]+)|(test|start)\b)/g,
  )) {
    const name = run ?? short ?? ''
    if (!scripts.has(name)) faults.push(`there is no npm script ${name}`)
  }

  for (const [, path = ''] of text.matchAll(
    /\bnode\s+(?:--?[\w=-]+\s+)*((?:tools|examples|bench)\/[\w./-]+)/g,
  )) {
    if (!exists(path)) faults.push(`there is no ${path}`)
  }

  return faults
}
