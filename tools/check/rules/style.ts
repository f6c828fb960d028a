/** Measures how code is written, as pure functions over its syntax trees: names, line lengths, blank lines and shape. */
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import { codeOf } from './source.ts'

/** The measures of one file. {@link summarizeStyle} adds them up. */
export interface FileStyle {
  readonly path: string
  /** Declared functions and methods by name. */
  readonly functions: readonly string[]
  /** Local variables and parameters by name. */
  readonly locals: readonly string[]
  /** Declared types by name: interfaces, aliases and classes. */
  readonly types: readonly string[]
  /** Lines of code, without blank lines and comments. */
  readonly codeLines: number
  /** Lines of code over 100 columns. */
  readonly longLines: number
  /** Lines inside function bodies. */
  readonly bodyLines: number
  /** Blank lines inside function bodies. */
  readonly blankLines: number
  readonly ternaries: number
  readonly examples: number
  /** The highest cyclomatic complexity of a function. */
  readonly cyclomatic: number
  /** Comments as `line: first word`. */
  readonly comments: readonly string[]
  /** Characters of the comment at the top of the file; 0 without one. */
  readonly headerLength: number
}

/** Characters of a header that can say what a file does, who calls it and what can go wrong. */
const shortestHeader = 80

/** Words that say a state or a relation, where a function's name should say what it does. */
const irregular = new Set(
  `told said made found kept given taken held heard asked left sent built known shown bound spent met lost
  through beside besides inside outside under over at of by with within before after until beyond between
  afresh late soon grave bare due spare alive live fresh apart aside
  done gone seen drawn worn torn born chosen broken hidden written forgotten struck stuck hung dug fed led
  most least longest nearest`.split(/\s+/),
)

/** Words that end as a participle does and are none. */
const nouns = new Set('seed feed need speed embed exceed proceed succeed shed red bed'.split(' '))

/** True for a name that is one participle, adjective or preposition: `told`, `judged`, `through`. */
export function isBareWord(name: string): boolean {
  if (!/^[a-z]+$/.test(name) || nouns.has(name)) return false
  return irregular.has(name) || /ed$/.test(name)
}

/** Measures one file. */
export function measureFile(path: string, source: SourceFile): FileStyle {
  const text = source.text
  const code = codeOf(text).split('\n')
  const isCode = code.map((line) => line.trim() !== '')
  const lines = text.split('\n')
  const names = collectNames(source)
  const bodies = outermostBodies(source)
  const inBodies = bodies.flatMap(({ pos, end }) => linesBetween(text, pos, end))

  return {
    path,
    ...names,
    codeLines: isCode.filter(Boolean).length,
    longLines: lines.filter((line, index) => isCode[index] && line.length > 100).length,
    bodyLines: inBodies.length,
    blankLines: inBodies.filter((line) => line.trim() === '').length,
    examples: text.match(/^\s*\*\s*@example/gm)?.length ?? 0,
    comments: findComments(text),
    headerLength: readHeader(text).length,
  }
}

/** Returns the text of the comment at the top of a file. */
function readHeader(text: string): string {
  const [, header = ''] = /^(?:\/\/[^\n]*\n)*\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(text) ?? []
  return header.replace(/\s*\n\s*\*\s?/g, ' ').trim()
}

/** The first word of each comment that begins a line, after `line: `. */
function findComments(text: string): string[] {
  const comments = text.matchAll(/^[ \t]*(?:\/\/+|\/\*\*?)\s*(?:\*\s*)?([A-Za-z']+)/gm)
  return [...comments].map(({ 1: word, index }) => {
    const line = text.slice(0, index).split('\n').length
    return `${line}: ${word}`
  })
}

type Names = Pick<FileStyle, 'functions' | 'locals' | 'types' | 'ternaries' | 'cyclomatic'>

function collectNames(source: SourceFile): Names {
  const functions: string[] = []
  const locals: string[] = []
  const types: string[] = []
  let ternaries = 0
  let cyclomatic = 0

  const visit = (node: Node): void => {
    const name = declaredName(node)
    if (node.kind === SyntaxKind.ConditionalExpression) ternaries += 1
    if (isFunction(node)) cyclomatic = Math.max(cyclomatic, cyclomaticComplexity(node))

    if (name !== undefined) {
      if (isFunctionDeclaration(node)) functions.push(name)
      else if (typeKinds.has(node.kind)) types.push(name)
      else if (localKinds.has(node.kind)) locals.push(name)
    }

    node.forEachChild(visit)
  }

  visit(source)

  return { functions, locals, types, ternaries, cyclomatic }
}

const typeKinds = new Set([
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
  SyntaxKind.ClassDeclaration,
])
const localKinds = new Set([
  SyntaxKind.VariableDeclaration,
  SyntaxKind.Parameter,
  SyntaxKind.BindingElement,
])
const functionKinds = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
])
const branchKinds = new Set([
  SyntaxKind.IfStatement,
  SyntaxKind.ConditionalExpression,
  SyntaxKind.ForStatement,
  SyntaxKind.ForInStatement,
  SyntaxKind.ForOfStatement,
  SyntaxKind.WhileStatement,
  SyntaxKind.DoStatement,
  SyntaxKind.CaseClause,
  SyntaxKind.CatchClause,
  SyntaxKind.QuestionDotToken,
  SyntaxKind.QuestionQuestionToken,
  SyntaxKind.QuestionQuestionEqualsToken,
  SyntaxKind.AmpersandAmpersandToken,
  SyntaxKind.BarBarToken,
])

interface Parts {
  readonly name?: Node
  readonly initializer?: Node
  readonly body?: Node
  readonly parameters?: readonly Node[]
}

function declaredName(node: Node): string | undefined {
  const { name } = node as Node & Parts
  return name?.kind === SyntaxKind.Identifier || name?.kind === SyntaxKind.PrivateIdentifier
    ? name.getText().replace(/^#/, '')
    : undefined
}

function isFunction(node: Node): boolean {
  return functionKinds.has(node.kind)
}

/** A declared function: also `const name = () => {}` and a method of an object. */
function isFunctionDeclaration(node: Node): boolean {
  if (node.kind === SyntaxKind.FunctionDeclaration || node.kind === SyntaxKind.MethodDeclaration)
    return true
  const { initializer } = node as Node & Parts

  return (
    (node.kind === SyntaxKind.VariableDeclaration ||
      node.kind === SyntaxKind.PropertyAssignment ||
      node.kind === SyntaxKind.PropertyDeclaration) &&
    initializer !== undefined &&
    isFunction(initializer)
  )
}

/** One, and one for each branch, logical operator, `?.` and `??`; functions inside count for themselves. */
function cyclomaticComplexity(func: Node): number {
  let complexity = 1
  const visit = (node: Node): void => {
    if (isFunction(node)) return
    if (branchKinds.has(node.kind)) complexity += 1
    node.forEachChild(visit)
  }

  func.forEachChild(visit)
  return complexity
}

/** The bodies of functions that stand in no other function. */
function outermostBodies(source: SourceFile): Node[] {
  const bodies: Node[] = []
  const visit = (node: Node): void => {
    const { body } = node as Node & Parts
    if (isFunction(node) && body?.kind === SyntaxKind.Block) bodies.push(body)
    else node.forEachChild(visit)
  }

  visit(source)
  return bodies
}

/** The lines after the one of an opening brace and before the one of its closing brace. */
function linesBetween(text: string, start: number, end: number): string[] {
  return text.slice(start, end).trim().split('\n').slice(1, -1)
}

/** The measures of many files. */
export interface Style {
  /** Functions whose name ends in `Of`, each name once. */
  readonly ofNames: readonly string[]
  /** Functions named by a participle, an adjective or a preposition, each name once. */
  readonly bareFunctions: readonly string[]
  /** Variables and parameters named so, each declaration as `file name`. */
  readonly bareLocals: readonly string[]
  /** Functions whose name begins with `judge`. */
  readonly judgeNames: readonly string[]
  /** Types declared in more than one file. */
  readonly duplicateTypes: readonly string[]
  /** Comments that begin with What, Who, Whoever, Whom, Whose or Of, as `file:line: word`. */
  readonly headlessComments: readonly string[]
  /** Files whose header comment is absent or too short to say what they do, who calls them and what can go wrong. */
  readonly briefHeaders: readonly string[]
  /** Code lines over 100 columns, in per cent. */
  readonly longLinesPercent: number
  /** Blank lines inside function bodies, in per cent. */
  readonly blankLinesPercent: number
  /** The mean length of a declared function, variable or parameter in characters. */
  readonly identifierMean: number
  readonly identifierMedian: number
  /** Conditional expressions in 1000 lines of code. */
  readonly ternariesPerThousand: number
  readonly cyclomaticMax: number
  readonly examples: number
}

/** Adds up the measures of files. Text and names leave out `src/testing/`, as the research page did; types do not. */
export function summarizeStyle(all: readonly FileStyle[]): Style {
  const files = all.filter(({ path }) => !path.startsWith('src/testing/'))
  const functions = distinct(files.flatMap((file) => file.functions))
  const lengths = files
    .flatMap((file) => [...file.functions, ...file.locals].map((name) => name.length))
    .sort((a, b) => a - b)
  const codeLines = sum(files, (file) => file.codeLines)
  const declaredIn = new Map<string, number>()

  for (const { types } of all)
    for (const name of distinct(types)) declaredIn.set(name, (declaredIn.get(name) ?? 0) + 1)

  return {
    ofNames: functions.filter((name) => /[a-z\d]Of$/.test(name)),
    bareFunctions: functions.filter(isBareWord),
    bareLocals: files.flatMap(({ path, locals }) =>
      locals.filter(isBareWord).map((name) => `${path} ${name}`),
    ),
    judgeNames: functions.filter((name) => /^judge/.test(name)),
    duplicateTypes: [...declaredIn].filter(([, count]) => count > 1).map(([name]) => name),
    headlessComments: files.flatMap(({ path, comments }) =>
      comments
        .filter((comment) => /: (?:What|Who(?:ever|m|se)?|Of)$/.test(comment))
        .map((comment) => `${path}:${comment}`),
    ),
    briefHeaders: files
      .filter(({ headerLength }) => headerLength < shortestHeader)
      .map(({ path }) => path),
    longLinesPercent: percent(
      sum(files, (file) => file.longLines),
      codeLines,
    ),
    blankLinesPercent: percent(
      sum(files, (file) => file.blankLines),
      sum(files, (file) => file.bodyLines),
    ),
    identifierMean: round(lengths.reduce((total, length) => total + length, 0) / lengths.length),
    identifierMedian: lengths[Math.floor(lengths.length / 2)] ?? 0,
    ternariesPerThousand: round((sum(files, (file) => file.ternaries) / codeLines) * 1000),
    cyclomaticMax: Math.max(...files.map((file) => file.cyclomatic)),
    examples: sum(files, (file) => file.examples),
  }
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}

function sum(files: readonly FileStyle[], count: (file: FileStyle) => number): number {
  return files.reduce((total, file) => total + count(file), 0)
}

function percent(part: number, whole: number): number {
  return round((part / whole) * 100)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
