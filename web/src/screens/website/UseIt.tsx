import { useMemo } from 'preact/hooks'
import { Copy } from '../../parts/copy'
import { Tabs } from '../../parts/Tabs'
import { setQuery, usePlace } from '../../router'
import type { TabProps } from '../Website'
import { Download } from './Download'
import { snippets } from './snippets'

/** How to publish the files, with this site's values filled in. */
export default function UseIt({ website, run }: TabProps) {
  const { query } = usePlace()
  const all = useMemo(() => snippets(website.url, website.id, run.id), [website.url, website.id, run.id])
  const chosen = all.find((snippet) => snippet.name === query.get('host')) ?? all[0]
  if (!chosen) return null
  return (
    <div class="two-columns">
      <Tabs
        kind="side"
        label="Where to publish"
        tabs={all.map(({ name, title }) => ({ name, label: title }))}
        current={chosen.name}
        href={(name) => `/websites/${website.id}/use?host=${name}`}
        onChoose={(name) => setQuery({ host: name })}
      />
      <section class="card stack">
        <h2>{chosen.title}</h2>
        <p class="muted">{chosen.intro}</p>
        {chosen.byHand && run.can_download ? (
          <div>
            <Download run={run} label="Download the zip" />
          </div>
        ) : null}
        {chosen.steps.map((step, index) => (
          <div key={index} class="stack tight">
            <div class="row between one-line">
              <span class="small muted">{step.label}</span>
              <Copy text={step.code} />
            </div>
            <pre tabIndex={0}>{step.code}</pre>
          </div>
        ))}
        {chosen.steps.some((step) => step.code.startsWith('llmready ')) ? (
          <p class="small muted">
            <code>llmready</code> is the command-line client of this service. Set <code>LLMREADY_API={`${location.origin}/api/v1`}</code>, then run <code>llmready login</code> or set{' '}
            <code>LLMREADY_API_KEY</code> to <a href="/account/keys">an API key</a>.
          </p>
        ) : null}
      </section>
    </div>
  )
}
