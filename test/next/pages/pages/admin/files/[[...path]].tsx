export default function Files({ words }: { words: string }) {
  return <h1>{words}</h1>
}

export function getServerSideProps() {
  return { props: { words: 'guarded content' } }
}
