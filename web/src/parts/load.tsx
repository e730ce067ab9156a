/** Loading data for a screen, with the states that every screen has. */

import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../api/client'
import { Notice, Skeleton } from './states'

export interface Loaded<T> {
  data: T | undefined
  error: ApiError | undefined
  /** Load again; what is shown stays until the answer is there. */
  reload: () => void
  /** Replace what is shown, for instance by the answer to a change. */
  set: (data: T) => void
}

/**
 * Load data and load it again when `dependencies` change.
 *
 * After a failure without an answer, the data is loaded again when the connection returns.
 */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiError }>({})
  const [round, setRound] = useState(0)
  const latest = useRef(load)
  latest.current = load
  const key = JSON.stringify(dependencies)
  const shown = useRef(key)
  useEffect(() => {
    const control = new AbortController()
    if (shown.current !== key) setState({})
    shown.current = key
    latest.current(control.signal).then(
      (data) => !control.signal.aborted && setState({ data }),
      (error: unknown) => {
        if (control.signal.aborted) return
        setState((before) => ({ data: before.data, error: asApiError(error) }))
      },
    )
    return () => control.abort()
  }, [key, round])
  const reload = useCallback(() => setRound((number) => number + 1), [])
  const offline = state.error?.offline ?? false
  useEffect(() => {
    if (!offline) return
    addEventListener('online', reload)
    const timer = setTimeout(reload, 5000)
    return () => {
      removeEventListener('online', reload)
      clearTimeout(timer)
    }
  }, [offline, round])
  const set = useCallback((data: T) => setState({ data }), [])
  return { data: state.data, error: state.error, reload, set }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  console.error(error)
  return new ApiError('Something in this page failed. Reload the page to continue.', 0, 'page_failed')
}

/** Show a skeleton, an error with a way on, or the data. */
export function Show<T>({ of, lines = 4, children }: { of: Loaded<T>; lines?: number; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) {
    return (
      <>
        {of.error ? <Notice kind="warn">{of.error.message}</Notice> : null}
        {children(of.data)}
      </>
    )
  }
  if (of.error) {
    const wayOn =
      of.error.status === 404 ? (
        <a class="button small" href="/websites">
          Go to your websites
        </a>
      ) : (
        <button type="button" class="button small" onClick={of.reload}>
          Try again
        </button>
      )
    return (
      <Notice kind="bad" action={wayOn}>
        {of.error.message}
      </Notice>
    )
  }
  return <Skeleton lines={lines} />
}
