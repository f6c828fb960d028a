'use server'

/** Server Functions: the guard has judged where each call comes from, and they ask again who is asking. */
import { redirect } from 'next/navigation'
import { returnPath } from 'portcullis/vercel'
import { findAccount } from '../lib/accounts.ts'
import { session, whoIsAsking } from '../lib/sessions.ts'

export async function login(form: FormData): Promise<void> {
  const account = findAccount(form.get('user'), form.get('password'))
  if (account === undefined) redirect('/login?failed')
  await (await session()).start(account)
  // A path of this origin or nothing: `//evil.example` would be another's.
  redirect(returnPath(String(form.get('return_to'))) ?? '/account')
}

export async function logout(): Promise<void> {
  await (await session()).end()
  redirect('/')
}

export async function endDevice(form: FormData): Promise<void> {
  if ((await whoIsAsking()) === undefined) redirect('/login')
  await (await session()).endOne(String(form.get('id')))
  redirect('/account')
}
