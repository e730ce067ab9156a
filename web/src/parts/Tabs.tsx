import { useEffect, useRef } from 'preact/hooks'

interface Props {
  label: string
  tabs: { name: string; label: string }[]
  current: string
  /** Returns the URL of a tab. */
  href: (name: string) => string
  /** `side` stands beside the content on a wide screen. */
  kind?: 'top' | 'side'
  /** Called instead of following the link. */
  onChoose?: (name: string) => void
}

/** Tabs as links. Where they do not fit they scroll, shaded edges show that there are more, and the current one is in view. */
export function Tabs({ label, tabs, current, href, kind = 'top', onChoose }: Props) {
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    const element = row.current
    if (!element) return
    const mark = () => {
      const left = element.scrollLeft > 1
      const right = element.scrollLeft + element.clientWidth < element.scrollWidth - 1
      element.dataset['more'] = [left ? 'left' : '', right ? 'right' : ''].join(' ').trim()
    }
    const observer = new ResizeObserver(mark)
    observer.observe(element)
    element.addEventListener('scroll', mark, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', mark)
    }
  }, [])
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>('[aria-current]')
    if (row.current && tab) row.current.scrollLeft = tab.offsetLeft - row.current.offsetLeft - (row.current.clientWidth - tab.offsetWidth) / 2
  }, [current])
  return (
    <nav class={kind === 'side' ? 'tabs side-nav' : 'tabs'} aria-label={label} ref={row}>
      {tabs.map(({ name, label: text }) => (
        <a
          key={name}
          href={href(name)}
          aria-current={name === current ? 'page' : undefined}
          onClick={(event) => {
            if (!onChoose) return
            event.preventDefault()
            onChoose(name)
          }}
        >
          {text}
        </a>
      ))}
    </nav>
  )
}
