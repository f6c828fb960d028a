import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { whoIsAsking } from '../lib/sessions.ts'
import { logout } from './actions.ts'

// No icon: a browser would ask for /favicon.ico, and this project has none.
export const metadata = { title: 'Portcullis in front of Next', icons: 'data:,' }

export default async function Layout({ children }: { children: ReactNode }) {
  // A page made while building knows no nonce: its scripts would not run.
  await connection()
  const who = await whoIsAsking()
  return (
    <html lang="en">
      <body>
        <header>
          <a href="/">Home</a> <a href="/account">Account</a>{' '}
          {who ? (
            <form action={logout}>
              Signed in as {who.data.name} <button type="submit">Log out</button>
            </form>
          ) : (
            <a href="/login">Log in</a>
          )}
        </header>
        <main>{children}</main>
      </body>
    </html>
  )
}
