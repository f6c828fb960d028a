/** Pages of documentation as a journey walks them: their own blocks, in their own order. */
import { readFileSync } from 'node:fs'
import { type Block, blocksOf } from '../../../tools/check/rules/readme.ts'

/** A page that is being walked. */
export interface Page {
  readonly path: string
  /**
   * The next block of this language that contains the text, after the one that was taken before.
   *
   * @throws where the page has no such block left.
   */
  next(info: string, containing?: string): Block
  /** Fails where the page does not say this: what a journey observes must be what the page promises. */
  promises(sentence: string): void
}

/** What a journey walked, by page: the lines of its blocks, and how many promises it observed. */
export type Walked = Map<string, { readonly lines: Set<number>; promises: number }>

/** Opens a page and notes in `walked` what is taken from it. */
export function openPage(path: string, walked: Walked): Page {
  const markdown = readFileSync(path, 'utf8')
  const blocks = blocksOf(markdown)
  const text = flatten(markdown)
  const note = walked.get(path) ?? { lines: new Set<number>(), promises: 0 }
  let position = 0
  walked.set(path, note)

  return {
    path,
    next(info, containing = ''): Block {
      for (let index = position; index < blocks.length; index++) {
        const block = blocks[index]
        if (block?.info !== info || !block.text.includes(containing)) continue
        position = index + 1
        note.lines.add(block.line)
        return block
      }
      throw new Error(`${path} has no block "${info}" with "${containing}" after the one before`)
    },
    promises(sentence): void {
      if (!text.includes(flatten(sentence))) throw new Error(`${path} does not say: ${sentence}`)
      note.promises++
    },
  }
}

/** Puts a reader's own values into a block. Each of the names must be in it. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  let filled = text
  for (const [name, value] of Object.entries(values)) {
    if (!filled.includes(name)) throw new Error(`the block does not contain ${name}:\n${text}`)
    filled = filled.replaceAll(name, value)
  }

  return filled
}

/** Without the marks and line ends that differ between a sentence and how it is set. */
function flatten(markdown: string): string {
  return markdown.replaceAll(/[*`]/g, '').replaceAll(/\s+/g, ' ').trim()
}
