/**
 * Navigation without reloads. The URL is the state, so that back, reload and sharing work. Only texts that a screen shows as
 * its own messages are kept beside the URL, because a link must not choose what the app says.
 */

import { createContext, type ComponentChildren } from 'preact'
import { useContext, useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks'

export interface Place {
  path: string
  query: URLSearchParams
  /** Why the last screen did not do what it should, or an empty string. */
  refusal: string
}

/** Returns false to keep the person on the page, for instance when a form has unsaved changes. */
type Guard = () => boolean

const Context = createContext<Place>({ path: '/', query: new URLSearchParams(), refusal: '' })
const MOVED = 'llmready-moved'
let guard: Guard | null = null

function here(): Place {
  const state = history.state as { refusal?: string } | null
  return { path: location.pathname, query: new URLSearchParams(location.search), refusal: state?.refusal ?? '' }
}

/** Go to a URL of this app. The screen there shows a refusal. */
export function go(url: string, { replace = false, refusal = '' }: { replace?: boolean; refusal?: string } = {}): void {
  if (url === location.pathname + location.search) return
  const samePath = url.split('?')[0] === location.pathname
  if (!samePath && guard && !guard()) return
  history[replace ? 'replaceState' : 'pushState'](refusal ? { refusal } : null, '', url)
  if (!samePath && !replace) scrollTo(0, 0)
  dispatchEvent(new Event(MOVED))
}

/** Change parameters of the current URL; an empty value removes one. */
export function setQuery(changes: Record<string, string | null>, { replace = true } = {}): void {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value)
    else query.delete(name)
  }
  const text = query.toString()
  go(location.pathname + (text ? `?${text}` : ''), { replace })
}

/** Ask before the person leaves a form with unsaved changes. */
export function useUnsavedChanges(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return
    const ask = () => confirm('Your changes are not saved. Leave this page?')
    const beforeUnload = (event: BeforeUnloadEvent) => event.preventDefault()
    guard = ask
    addEventListener('beforeunload', beforeUnload)
    return () => {
      guard = null
      removeEventListener('beforeunload', beforeUnload)
    }
  }, [dirty])
}

export function Router({ children }: { children: ComponentChildren }) {
  const [place, setPlace] = useState(here)
  // A layout effect, so that the listeners exist before any screen navigates.
  useLayoutEffect(() => {
    const moved = () => setPlace(here())
    const clicked = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = (event.target as Element | null)?.closest?.('a')
      if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
      if (link.pathname.startsWith('/api/') || link.pathname.startsWith('/v1/')) return
      if (link.hash && link.pathname === location.pathname) return
      event.preventDefault()
      go(link.pathname + link.search)
    }
    addEventListener('popstate', moved)
    addEventListener(MOVED, moved)
    document.addEventListener('click', clicked)
    return () => {
      removeEventListener('popstate', moved)
      removeEventListener(MOVED, moved)
      document.removeEventListener('click', clicked)
    }
  }, [])
  return <Context.Provider value={place}>{children}</Context.Provider>
}

export function usePlace(): Place {
  return useContext(Context)
}

/** Match a path such as `/websites/:id/:tab?` and return its parameters, or null. */
export function useMatch(pattern: string): Record<string, string> | null {
  const { path } = usePlace()
  return useMemo(() => match(pattern, path), [pattern, path])
}

export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  if (given.length > wanted.length) return null
  const found: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index]
    if (part.startsWith(':')) {
      const name = part.slice(1).replace(/\?$/, '')
      if (value === undefined) {
        if (!part.endsWith('?')) return null
        continue
      }
      try {
        // A slash would lead a request that contains the value to another path of the API.
        const decoded = decodeURIComponent(value)
        if (decoded.includes('/')) return null
        found[name] = decoded
      } catch {
        return null
      }
    } else if (part !== value) return null
  }
  return found
}
