import { useMemo } from 'preact/hooks'
import { Copy } from '../../parts/copy'
import { setQuery, usePlace } from '../../router'
import type { TabProps } from '../Website'
import { snippets } from './snippets'

/** How to publish the files, with this site's values filled in. */
export default function UseIt({ website, run }: TabProps) {
  const { query } = usePlace()
  const all = useMemo(() => snippets(website.url, website.id, run.id), [website.url, website.id, run.id])
  const chosen = all.find((snippet) => snippet.name === query.get('host')) ?? all[0]
  if (!chosen) return null
  return (
    <div class="two-columns">
      <nav class="side-nav" aria-label="Where to publish">
        {all.map((snippet) => (
          <a
            key={snippet.name}
            href={`/websites/${website.id}/use?host=${snippet.name}`}
            aria-current={snippet === chosen ? 'true' : undefined}
            onClick={(event) => {
              event.preventDefault()
              setQuery({ host: snippet.name })
            }}
          >
            {snippet.title}
          </a>
        ))}
      </nav>
      <section class="card stack">
        <h2>{chosen.title}</h2>
        <p class="muted">{chosen.intro}</p>
        {chosen.steps.map((step, index) => (
          <div key={index} class="stack tight">
            <div class="row between">
              <span class="small muted">{step.label}</span>
              <Copy text={step.code} />
            </div>
            <pre tabIndex={0}>{step.code}</pre>
          </div>
        ))}
      </section>
    </div>
  )
}
