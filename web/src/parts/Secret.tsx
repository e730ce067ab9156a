import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Copy } from './copy'
import { Notice } from './states'

/** A secret that is shown once, with a button that copies it; it scrolls into view when it appears or changes. */
export function Secret({ text, copy, about, children }: { text: string; copy: string; about: ComponentChildren; children?: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [text])
  return (
    <div ref={place}>
      <Notice kind="good" action={<Copy text={text} label={copy} />}>
        <p>{about} Copy it now; it is not shown again.</p>
        <div class="secret">{text}</div>
        {children}
      </Notice>
    </div>
  )
}
