export default async function Files({ params }: { params: Promise<{ path?: string[] }> }) {
  const { path = [] } = await params
  return <h1>guarded content of {path.join(', ')}</h1>
}
