/** Projects of frameworks as their own generators make them, as small as they build: what a page adds is not here. */

/** A project that a journey installs, builds and starts. */
export interface FrameworkProject {
  readonly packages: readonly string[]
  /** Files by path. */
  readonly files: Readonly<Record<string, string>>
  readonly build: string
  /** The command that serves on `PORT`. */
  readonly start: string
}

/** A page whose last part comes this many milliseconds after its first. */
export const lateMs = 1500
const late = `new Promise((done) => setTimeout(() => done('the late part'), ${lateMs}))`
const config = '{ "private": true, "type": "module" }'

export const svelteKitProject: FrameworkProject = {
  packages: [
    '@sveltejs/kit@3.2.0',
    '@sveltejs/adapter-node@6.0.1',
    '@sveltejs/vite-plugin-svelte@7.3.1',
    'svelte@5.57.3',
    'vite@8.3.8',
  ],
  build: 'npx vite build',
  start: 'exec node build',
  files: {
    'package.json': config,
    'vite.config.ts': `import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
const paths = { origin: process.env.ORIGIN }
export default { plugins: [sveltekit({ adapter: adapter(), paths })] }
`,
    'src/app.html':
      '<html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
    'src/routes/+page.svelte': `<script>
  let { data } = $props()
</script>
<p id="user">{data.user ?? 'nobody'}</p>
`,
    'src/routes/late/+page.server.ts': `export const load = () => ({ late: ${late} })\n`,
    'src/routes/late/+page.svelte': `<script>
  let { data } = $props()
</script>
<p>the first part</p>
{#await data.late}<p>...</p>{:then text}<p>{text}</p>{/await}
`,
  },
}

export const reactRouterProject: FrameworkProject = {
  packages: [
    '@react-router/dev@8.4.0',
    '@react-router/node@8.4.0',
    '@react-router/serve@8.4.0',
    'react-router@8.4.0',
    'react@19.3.1',
    'react-dom@19.3.1',
    'isbot@5',
    'vite@8.3.8',
  ],
  build: 'npx react-router build',
  start: 'exec npx react-router-serve build/server/index.js',
  files: {
    'package.json': config,
    'vite.config.ts': `import { reactRouter } from '@react-router/dev/vite'
export default { plugins: [reactRouter()] }
`,
    'app/routes.ts': `import { index, route } from '@react-router/dev/routes'
export default [
  index('routes/home.tsx'),
  route('late', 'routes/late.tsx'),
  route('*', 'routes/missing.tsx'),
]
`,
    'app/routes/missing.tsx': `import { data } from 'react-router'
export const loader = () => data(null, 404)
export default () => <p>missing</p>
`,
    'app/routes/late.tsx': `import { Suspense } from 'react'
import { Await, useLoaderData } from 'react-router'
export const loader = () => ({ late: ${late} })
export default function Late() {
  const { late } = useLoaderData()
  return (
    <Suspense fallback={<p>the first part</p>}>
      <Await resolve={late}>{(text) => <p>{text}</p>}</Await>
    </Suspense>
  )
}
`,
  },
}

export const astroProject: FrameworkProject = {
  packages: ['astro@7.3.5', '@astrojs/node@11.1.6'],
  build: 'npx astro build',
  start: 'exec node dist/server/entry.mjs',
  files: {
    'package.json': config,
    'astro.config.mjs': `import node from '@astrojs/node'
export default { output: 'server', adapter: node({ mode: 'standalone' }) }
`,
    'src/pages/index.astro': `---
const user = (await Astro.locals.portcullis.get())?.user ?? 'nobody'
---
<html lang="en"><body><p id="user">{user}</p></body></html>
`,
    'src/pages/late.astro': `---
const late = ${late}
---
<html lang="en"><body><p>the first part</p><p>{late}</p></body></html>
`,
    'src/pages/logout.ts': `export const POST = async ({ locals, redirect }) => {
  await locals.portcullis.end()
  return redirect('/', 303)
}
`,
    'src/pages/static.astro': `---
export const prerender = true
---
<html lang="en"><body><p>static</p></body></html>
`,
  },
}
