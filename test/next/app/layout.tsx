import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { whoIsAsking } from '../lib/sessions.ts'
import { logout } from './actions.ts'

export const metadata = { title: 'A test project', icons: 'data:,' }

export default async function Layout({
  children,
  modal,
}: {
  children: ReactNode
  modal: ReactNode
}) {
  await connection()
  const who = await whoIsAsking()
  return (
    <html lang="en">
      <body>
        <header>
          {who ? (
            <form action={logout}>
              Signed in as {who.data.name} <button type="submit">Log out</button>
            </form>
          ) : (
            <span>Log in</span>
          )}
        </header>
        <main>{children}</main>
        {modal}
      </body>
    </html>
  )
}
