/** Screens that are loaded when they are first shown. */

import { lazy } from 'preact/compat'
import type { ComponentType } from 'preact'

const waiting = new Set<() => Promise<unknown>>()

/** Make a component of a module's default export; a failed load is repeated once the connection is back. */
export function screen<P>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  waiting.add(load)
  return lazy(() => load().catch(() => again(load))) as unknown as ComponentType<P>
}

/** Load all screens in the background, so that later ones open at once and without a connection. */
export function prefetch(): void {
  const idle = 'requestIdleCallback' in window ? requestIdleCallback : (work: () => void) => setTimeout(work, 500)
  idle(() => {
    for (const load of waiting) load().catch(() => undefined)
    waiting.clear()
  })
}

const ATTEMPTS = 5

async function again<M>(load: () => Promise<M>): Promise<M> {
  for (let attempt = 1; ; attempt += 1) {
    await new Promise<void>((resolve) => {
      addEventListener('online', () => resolve(), { once: true })
      setTimeout(resolve, 1000 * attempt)
    })
    try {
      return await load()
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error
    }
  }
}
