/** Starting a generation, and the URL that a visitor typed before signing up. */

import { useAccount } from './account'
import { ApiError, call } from './api/client'

interface Started {
  generation_id: string
  website_id?: string | undefined
}

/**
 * Start a generation for a website or a URL. If one is running already, for instance because another tab started it, that
 * one is shown.
 *
 * @returns the path of the screen that shows it
 * @throws ApiError when the start is refused
 */
export async function startGeneration(what: { website_id: string } | { url: string }): Promise<string> {
  const started: Started = await call<Started>('/generations/start', {
    method: 'POST',
    body: what,
    headers: { 'Idempotency-Key': crypto.randomUUID() },
  }).catch((error: unknown) => {
    const running = error instanceof ApiError && error.code === 'generation_in_progress' ? error.body['generation_id'] : undefined
    if (typeof running !== 'string') throw error
    return { generation_id: running, website_id: 'website_id' in what ? what.website_id : undefined }
  })
  const generation = started.website_id
    ? { website_id: started.website_id }
    : await call<{ website_id: string }>(`/generations/${started.generation_id}`)
  return `/websites/${generation.website_id}?run=${started.generation_id}`
}

/** Return {@link startGeneration}, which then reads the quota again, whether the start was accepted or refused. */
export function useStart(): typeof startGeneration {
  const { refresh } = useAccount()
  return (what) => startGeneration(what).finally(() => void refresh())
}

/**
 * Add the scheme that people leave out, to check and to show an address.
 *
 * The server gets the address as typed. If it has no scheme, the server uses http where https does not work.
 */
export function completeUrl(typed: string): string {
  const url = typed.trim()
  // A name, a colon and digits are a host and its port.
  const hasScheme = /^[a-z][a-z0-9+.-]*:(?!\d{1,5}(?:[/?#]|$))/i.test(url)
  return url && !hasScheme ? `https://${url}` : url
}

/** Return an address without spaces, so that a link with another text in place of an address reads as an address. */
export function shownUrl(url: string): string {
  return url.trim().replace(/\s+/g, '%20')
}

/** Explain what is wrong with a typed URL, or return an empty string. */
export function urlProblem(typed: string): string {
  if (!typed.trim()) return 'Enter the address of a website, for instance example.com.'
  try {
    const url = new URL(completeUrl(typed))
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'Only http and https addresses can be read.'
    if (!url.hostname) return 'The address has no host name. Enter one such as https://example.com/docs.'
    return ''
  } catch {
    return 'This is not a web address. Enter one such as https://example.com/docs.'
  }
}
