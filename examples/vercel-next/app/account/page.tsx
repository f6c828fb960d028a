import { redirect } from 'next/navigation'
import { session, sessions, whoIsAsking } from '../../lib/sessions.ts'
import { endDevice } from '../actions.ts'

export default async function Account() {
  const who = await whoIsAsking()
  // Not reached while the guard stands: it says so where the data is, for the day a matcher is wrong.
  if (who === undefined) redirect('/login')
  const devices = sessions.kind === 'stored' ? await (await session()).list() : undefined
  return (
    <>
      <h1>Account of {who.data.name}</h1>
      <p>Signed in {new Date(who.info.authenticatedAt ?? 0).toISOString()}</p>
      {devices === undefined ? (
        <p>Your other devices are known only where sessions are stored.</p>
      ) : (
        <ul>
          {devices.map(({ id, seenAt, client, current }) => (
            <li key={id}>
              {current ? 'This device' : 'Another device'}
              {client?.browser && ` (${client.browser} on ${client.system ?? 'an unknown system'})`}
              , last seen {new Date(seenAt).toISOString()}
              {!current && (
                <form action={endDevice}>
                  <input type="hidden" name="id" value={id} />
                  <button type="submit">Log it out</button>
                </form>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
