/** GraphQL requests of 64 KB, each made so that some careless reader takes longest for it. */

/** A body, and its media type where that is not `application/json`. */
export interface GraphqlBody {
  readonly name: string
  readonly body: string
  readonly type?: 'application/json' | 'application/x-www-form-urlencoded'
}

/** Bytes of a body: the most that the guard and the login throttle read by default. */
export const bodyBytes = 65_536

/** Room for what stands around the repeated part. */
const filled = bodyBytes - 200

const encoder = new TextEncoder()

/** Repeats a text until JSON needs so many bytes for it. */
function fill(text: string | ((i: number) => string), bytes: number = filled): string {
  let all = ''
  let length = 0
  for (let i = 0; ; i++) {
    const next = typeof text === 'string' ? text : text(i)
    length += encoder.encode(JSON.stringify(next)).length - 2
    if (length > bytes) return all
    all += next
  }
}

function document(name: string, query: string): GraphqlBody {
  return { name, body: JSON.stringify({ query }) }
}

function variables(name: string, json: string): GraphqlBody {
  return { name, body: `{"query":"query($v:[V]){a(v:$v)}","variables":${json}}` }
}

/** A number in another base than ten, so that names are short. */
const short = (i: number): string => `v${i.toString(36)}`

const documents: readonly GraphqlBody[] = [
  document('fields', `{${fill('a ')}}`),
  document('fields of many names', `{${fill((i) => `${short(i)} `)}}`),
  document('one long name', `{${fill('a')}}`),
  document('aliases', `{${fill((i) => `${short(i)}:a `)}}`),
  document('nested fields', fill('{a')),
  document('nested fields that are closed', `${fill('{a', 43_000)}${fill('}', 21_500)}`),
  document('nested inline fragments', `{${fill('...{')}`),
  document('inline fragments', `{${fill('...{a}')}}`),
  document('fragments', `{a}${fill((i) => `fragment ${short(i)} on M{a}`)}`),
  document('fragments of one name', `{a}${fill('fragment F on M{a}')}`),
  document(
    'a chain of fragments',
    `{...v0}${fill((i) => `fragment ${short(i)} on M{...${short(i + 1)} ...${short(i + 1)}}`)}`,
  ),
  document(
    'fragments backwards',
    `{...v2000}${fill((i) => `fragment ${short(2000 - i)} on M{...${short(2001 - i)}}`)}`,
  ),
  document(
    'a fragment that is spread a hundred times',
    `mutation{${'...F '.repeat(100)}}fragment F on M{${fill('a ', 64_500)}}`,
  ),
  document('spreads of one fragment', `{${fill('...F ')}}fragment F on M{a}`),
  document(
    'operations',
    fill((i) => `query ${short(i)}{a}`),
  ),
  document('operations without a name', fill('{a}')),
  document('variables', `query(${fill((i) => `$${short(i)}:Int `)}){a}`),
  document('variables with defaults', `query(${fill((i) => `$${short(i)}:I=1 `)}){a}`),
  document('nested types of a variable', `query($v:${fill('[', 30_000)}I${fill(']', 30_000)}){a}`),
  document('directives', `{a${fill('@b')}}`),
  document('directives with arguments', `{a${fill('@b(c:1)')}}`),
  document('arguments', `{a(${fill((i) => `${short(i)}:1 `)})}`),
  document('arguments of one name', `{a(${fill('b:1 ')})}`),
  document('nested objects', `{a(b:${fill('{c:')}`),
  document('objects', `{a(b:[${fill('{c:1}')}])}`),
  document('objects of one member', `{a(b:{${fill('c:1 ')}})}`),
  document('nested lists', `{a(b:${fill('[')}`),
  document('lists', `{a(b:[${fill('[]')}])}`),
  document('page sizes by variable', `query($v:Int=1){${fill('a(first:$v)')}}`),
  document(
    'page sizes by variable of many operations',
    `{${fill('a(first:$v)', 32_000)}}${fill('query($v:I=1){a}', 32_000)}`,
  ),
  document('texts', `{a(b:[${fill('"x" ')}])}`),
  document('one text', `{a(b:"${fill('x')}")}`),
  document('one text of escapes', `{a(b:"${fill('\\n')}")}`),
  document('one text of escapes by number', `{a(b:"${fill('\\u0041')}")}`),
  document('one text of escapes by long number', `{a(b:"${fill('\\u{1F600}')}")}`),
  document('one text of pairs of escapes', `{a(b:"${fill('\\ud83d\\ude00')}")}`),
  document('a text that is not closed', `{a(b:"${fill('\\\\')}`),
  document('one text beyond ASCII', `{a(b:"${fill('é😀')}")}`),
  document('a block of 20,000 lines', `{a(b:"""${fill('\n', 40_000)}${fill(' ', 20_000)}""")}`),
  document('a block of indented lines', `{a(b:"""${fill('\n  x')}""")}`),
  document('a block of short lines', `{a(b:"""${fill('\nx')}""")}`),
  document('a block of carriage returns', `{a(b:"""${fill('\r')}""")}`),
  document('a block of one deep line', `{a(b:"""\n${fill(' ')}x""")}`),
  document('a block of escaped quotes', `{a(b:"""${fill('\\"""')}""")}`),
  document('a block of backslashes', `{a(b:"""${fill('\\')}""")}`),
  document('a block that is not closed', `{a(b:"""${fill('\\"""')}`),
  document('blocks', `{a(b:[${fill('"""x"""')}])}`),
  document('a block of carriage returns as a page size', `{a(first:"""${fill('\r')}""")}`),
  document('a block of short lines as a page size', `{a(first:"""${fill('\n x')}""")}`),
  document('escapes as a page size', `{a(first:"${fill('\\n')}")}`),
  document('a block of short lines as a name', `mutation{login(email:"""${fill('\rx')}""")}`),
  document('escapes as a name', `mutation{login(email:"${fill('\\u0041')}")}`),
  document('defaults', `query(${fill((i) => `$${short(i)}:I="x" `)}){login(email:$v1)}`),
  document('descriptions', fill('"x"{a}')),
  document('one comment', `#${fill('x')}\n{a}`),
  document('comments', `${fill('#\n')}{a}`),
  document('comments behind each other', `{${fill('#x\r')}a}`),
  document('spaces', `{${fill(' ')}a}`),
  document('tabs and commas', `{${fill('\t,')}a}`),
  document('byte order marks', `{${fill('\ufeff')}a}`),
  document('a huge number', `{a(b:${fill('9')})}`),
  document('a huge fraction', `{a(b:0.${fill('9')})}`),
  document('a huge exponent', `{a(b:1e${fill('9')})}`),
  document('a huge page size', `{a(first:${fill('9')})}`),
  document('a huge page size as a text', `{a(first:"${fill('9')}")}`),
  document('a page size of spaces', `{a(first:"${fill(' ')}1")}`),
  document('numbers', `{a(b:[${fill('1 ')}])}`),
  document('numbers that run into letters', `{a(b:${fill('1')}a)}`),
  document('introspection', `{${fill('__schema{a}')}}`),
  document('half a pair at the end', `{a(b:"${fill('x')}\ud83d")}`),
  document('no word of GraphQL', fill('\0')),
]

const requests: readonly GraphqlBody[] = [
  variables('variables that are lists', `[${repeat('1,')}1]`),
  variables('lists in a variable', `{"v":[${repeat('[],')}1]}`),
  variables('nested lists in a variable', `{"v":${'['.repeat(32_000)}${']'.repeat(32_000)}}`),
  variables('objects in a variable', `{"v":[${repeat('{},')}1]}`),
  variables('objects with a member', `{"v":[${repeat('{"a":1},')}1]}`),
  variables('nested objects in a variable', `{"v":${repeat('{"a":')}1}`),
  variables('many variables', `{${names(short)}"z":1}`),
  variables('variables of one name', `{${'"a":1,'.repeat(10_000)}"b":1}`),
  variables('names with escapes', `{${names((i) => `\\u0061${short(i)}`)}"z":1}`),
  variables('names with escaped control characters', `{${names((i) => `\\u0001${i}`)}"z":1}`),
  variables('names beyond ASCII', `{${names((i) => `é${short(i)}`)}"z":1}`),
  variables('names of marks', `{${names((i) => `${'\u0301'.repeat(20)}${i}`)}"z":1}`),
  variables('one long name of a variable', `{"${'a'.repeat(filled - 100)}":1}`),
  variables('one long name of escapes', `{"${'\\u0061'.repeat(10_000)}":1}`),
  variables('one long name of backslashes', `{"${'\\\\'.repeat(32_000)}":1}`),
  variables('one long name of quotes', `{"${'\\"'.repeat(32_000)}":1}`),
  variables('spaces between', `{"v"${' '.repeat(filled - 100)}:1}`),
  variables('texts and spaces', `{"v":[${repeat('"" ,')}""]}`),
  variables('a huge number in a variable', `{"v":${'9'.repeat(filled - 100)}}`),
  variables('huge numbers in variables', `{"v":[${repeat('1e400,')}1]}`),
  variables('prototypes in objects', `{"v":[${repeat('{"constructor":{"prototype":1}},')}1]}`),
  variables('spaces and no end', `{"v":[${repeat('"a"      ')}`),
  {
    name: 'members of a request',
    body: `{"query":"{a}",${names(short).slice(0, -1)}}`,
  },
  {
    name: 'members of a request beyond ASCII',
    body: `{"query":"{a}",${names((i) => `é${short(i)}`).slice(0, -1)}}`,
  },
  {
    name: 'members of a request of marks',
    body: `{"query":"{a}",${names((i) => `${'ǖ'.repeat(30)}${i}`).slice(0, -1)}}`,
  },
  {
    name: 'members of a request that fold to more',
    body: `{"query":"{a}","${'ﷺ'.repeat(21_000)}":1}`,
  },
  {
    name: 'members of a request in brackets',
    body: `{"query":"{a}","${'a['.repeat(32_000)}":1}`,
  },
  {
    name: 'members of a request that begin like one',
    body: `{"query":"{a}",${names((i) => `q${i.toString(36).padStart(4, '0')}`).slice(0, -1)}}`,
  },
  {
    name: 'members of a request in upper case',
    body: `{"query":"{a}",${names((i) => `OI${i.toString(36)}\\u0131`).slice(0, -1)}}`,
  },
  {
    name: 'members of extensions',
    body: `{"query":"{a}","extensions":{${names(short).slice(0, -1)}}}`,
  },
  { name: 'no JSON', body: '"'.repeat(filled) },
  { name: 'half a text', body: `{"query":"${'\\'.repeat(filled)}` },
  { name: 'lists without an end', body: '['.repeat(filled) },
  { name: 'a batch', body: `[${repeat('{"query":"{a}"},')}{"query":"{a}"}]` },
  { name: 'a batch of nothing', body: `[${repeat('{},')}{}]` },
  {
    name: 'a batch of variables',
    body: `[${repeat('{"query":"{a(first:$v)}","variables":{"v":"1"}},')}{"query":"{a}"}]`,
  },
]

const form = 'application/x-www-form-urlencoded' as const
const forms: readonly GraphqlBody[] = [
  { name: 'a form of one operation', type: form, body: `query={${'a+'.repeat(32_000)}}` },
  { name: 'a form of parameters', type: form, body: `query={a}&${repeat('a=1&')}b=1` },
  { name: 'a form of empty parameters', type: form, body: `query={a}${'&'.repeat(filled)}` },
  { name: 'a form of semicolons', type: form, body: `query={a}${';'.repeat(filled)}` },
  { name: 'a form of names', type: form, body: `query={a}&${repeat('a&')}b` },
  { name: 'a form of names behind semicolons', type: form, body: `query={a}&${repeat('a;')}b` },
  { name: 'a form of escaped names', type: form, body: `query={a};${repeat('%C3%A9;')}b` },
  {
    name: 'a form of one name in brackets',
    type: form,
    body: `query={a}&a${repeat('[a]')}=1`,
  },
  { name: 'a form of one name of dots', type: form, body: `query={a}&${repeat('a.')}=1` },
  { name: 'a form of one name of marks', type: form, body: `query={a}&${repeat('%01a')}=1` },
  { name: 'a form of escapes', type: form, body: `query={a}&a=${'%41'.repeat(21_000)}` },
  { name: 'a form of names beyond ASCII', type: form, body: `query={a}&${repeat('%C3%A9=1&')}` },
  { name: 'a form of names of marks', type: form, body: `query={a}&${'%CC%81'.repeat(10_000)}=1` },
  {
    name: 'a form of names that fold to more',
    type: form,
    body: `query={a}&${repeat('%EF%B7%BA')}=1`,
  },
  { name: 'a form of bad escapes', type: form, body: `query={a}&${repeat('%u0041=1&')}` },
  { name: 'a form of control characters', type: form, body: `query={a}&${repeat('%00')}=1` },
]

/** All of them. */
export const graphqlBodies: readonly GraphqlBody[] = [...documents, ...requests, ...forms]

function repeat(text: string): string {
  return text.repeat(Math.floor((filled - 100) / encoder.encode(text).length))
}

/** Members of an object of JSON, by their names as they are written. */
function names(name: (i: number) => string): string {
  let all = ''
  for (let i = 0, length = 0; ; i++) {
    const member = `"${name(i)}":1,`
    length += encoder.encode(member).length
    if (length > filled - 100) return all
    all += member
  }
}
