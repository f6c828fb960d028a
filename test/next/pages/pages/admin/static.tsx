export default function Static({ words }: { words: string }) {
  return <h1>{words}</h1>
}

export function getStaticProps() {
  return { props: { words: 'guarded content' } }
}
