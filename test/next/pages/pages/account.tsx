import Head from 'next/head'
import project from '../project.json' with { type: 'json' }

const { basePath = '', trailingSlash } = project as { basePath?: string; trailingSlash?: boolean }

export default function Account() {
  return (
    <main>
      <Head>
        <link rel="icon" href="data:," />
      </Head>
      <h1>An account</h1>
      <form method="post" action={`${basePath}/api/login${trailingSlash ? '/' : ''}`}>
        <button type="submit">Log out</button>
      </form>
    </main>
  )
}

export function getServerSideProps() {
  return { props: {} }
}
