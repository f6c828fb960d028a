import Head from 'next/head'
import project from '../project.json' with { type: 'json' }

const { basePath = '', trailingSlash } = project as { basePath?: string; trailingSlash?: boolean }

export default function Login() {
  return (
    <main>
      <Head>
        <link rel="icon" href="data:," />
      </Head>
      <form method="post" action={`${basePath}/api/login${trailingSlash ? '/' : ''}`}>
        <input name="user" />
        <input name="password" type="password" />
        <button type="submit">Log in</button>
      </form>
    </main>
  )
}

export function getServerSideProps() {
  return { props: {} }
}
