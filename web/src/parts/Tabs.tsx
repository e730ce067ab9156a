import { useEffect, useRef } from 'preact/hooks'

interface Props {
  label: string
  tabs: { name: string; label: string }[]
  current: string
  /** Returns the URL of a tab. */
  href: (name: string) => string
}

/** Tabs as links. On a narrow screen they scroll, and the current one is brought into view. */
export function Tabs({ label, tabs, current, href }: Props) {
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>('[aria-current]')
    if (row.current && tab) row.current.scrollLeft = tab.offsetLeft - row.current.offsetLeft - (row.current.clientWidth - tab.offsetWidth) / 2
  }, [current])
  return (
    <nav class="tabs" aria-label={label} ref={row}>
      {tabs.map(({ name, label: text }) => (
        <a key={name} href={href(name)} aria-current={name === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}
