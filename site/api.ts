/** Writes the API reference as Markdown: one page for each entry point of the package, from its docstrings. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, type ProjectReflection, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { type EntryPoint, readEntryPoints } from './entry-points.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name the folder for the pages: node site/api.ts FOLDER')
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
await writeApiReference(folder, readEntryPoints(exports))

/**
 * Writes one page for each entry point into the folder.
 *
 * @throws where TypeScript or TypeDoc finds an error in the sources.
 */
async function writeApiReference(
  folder: string,
  entryPoints: readonly EntryPoint[],
): Promise<void> {
  const app = await Application.bootstrapWithPlugins(createOptions(folder, entryPoints))
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources')

  nameModules(project, entryPoints)
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('TypeDoc could not write the API reference')
  addTitle(join(folder, 'index.md'), 'API reference')
  for (const { name } of entryPoints) addTitle(join(folder, `${name}.md`), name)
}

function createOptions(
  folder: string,
  entryPoints: readonly EntryPoint[],
): TypeDocOptions & PluginOptions {
  // A name that several modules export is described in the first. `portcullis` repeats the others.
  const [main, ...others] = entryPoints.map(({ source }) => source)

  return {
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: [...others, main ?? ''],
    tsconfig: 'site/tsconfig.api.json',
    basePath: '.',
    outputs: [{ name: 'markdown', path: folder }],
    disableGit: true,
    sourceLinkTemplate: 'https://github.com/portcullis-edge/portcullis/blob/main/{path}#L{line}',
    readme: 'none',
    name: 'API reference',
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    logLevel: 'Error',
    outputFileStrategy: 'modules',
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    hidePageTitle: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideModifiers: true, hideSources: true },
    groupOrder: ['Functions', 'Classes', 'Variables', 'Interfaces', 'Type Aliases', '*'],
    useCodeBlocks: true,
    sanitizeComments: true,
    useHTMLEncodedBrackets: true,
    // VitePress numbers repeated headings in its own way.
    useCustomAnchors: true,
    customAnchorsFormat: 'curlyBrace',
  }
}

/** Writes the title with an anchor of its own: `portcullis` is also the name of a function. */
function addTitle(path: string, title: string): void {
  writeFileSync(path, `# ${title} {#entry-point}\n\n${readFileSync(path, 'utf8')}`)
}

/** Gives each module the name that an import has. TypeDoc names it by the path of its file. */
function nameModules(project: ProjectReflection, entryPoints: readonly EntryPoint[]): void {
  for (const module of project.children ?? []) {
    const source = `${module.sources?.[0]?.fileName}`
    const entryPoint = entryPoints.find((candidate) => candidate.source === source)
    if (entryPoint === undefined) throw new Error(`TypeDoc read ${source}, which is no entry point`)
    module.name = entryPoint.name
  }
}
