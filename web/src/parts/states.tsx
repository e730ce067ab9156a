/** Notices, empty states, skeletons, status marks and the page's title. */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

type Kind = 'good' | 'warn' | 'bad' | 'info'

const MARKS: Record<Kind, string> = { good: '✓', warn: '!', bad: '✕', info: 'i' }

export function Notice({ kind = 'info', action, children }: { kind?: Kind; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <span class={`state ${kind === 'info' ? 'calm' : kind}`} aria-hidden="true">
        {MARKS[kind]}
      </span>
      <div class="grow">{children}</div>
      {action}
    </div>
  )
}

/** A short status with a mark and a word, never colour alone. */
export function State({ kind, children }: { kind: 'good' | 'warn' | 'bad' | 'calm'; children: ComponentChildren }) {
  const mark = kind === 'calm' ? '●' : MARKS[kind]
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{mark}</span>
      {children}
    </span>
  )
}

export function Empty({ title, children, action }: { title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty stack">
      <h2>{title}</h2>
      {children ? <p class="muted">{children}</p> : null}
      {action ? <div>{action}</div> : null}
    </div>
  )
}

/** Grey lines in the place of content, shown after 300 ms so that fast answers do not flicker. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 300)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div class="stack" role="status" aria-busy="true">
      <span class="visually-hidden">Loading</span>
      {shown ? Array.from({ length: lines }, (_, index) => <div key={index} class="skeleton" />) : null}
    </div>
  )
}

/** Set the document's title and move the focus to the heading when a screen opens. */
export function Title({ children, text, focus = true }: { children?: ComponentChildren; text: string; focus?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = text === 'LLMReady' ? text : `${text} · LLMReady`
  }, [text])
  useEffect(() => {
    if (focus && document.body.dataset['moved'] === 'yes') heading.current?.focus({ preventScroll: true })
    document.body.dataset['moved'] = 'yes'
  }, [])
  return (
    <h1 tabIndex={-1} ref={heading}>
      {children ?? text}
    </h1>
  )
}
