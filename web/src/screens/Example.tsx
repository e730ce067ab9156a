import { Suspense } from 'preact/compat'
import { screen } from '../lazy'
import { count } from '../parts/format'
import { Show, useLoad } from '../parts/load'
import { Score } from '../parts/Score'
import { Notice, Skeleton, Title } from '../parts/states'
import { Tabs } from '../parts/Tabs'
import { match, usePlace } from '../router'
import { EXAMPLE, readExample, type ExampleResult } from './website/files'

const LlmsTxt = screen(() => import('./website/LlmsTxt'))
const Pages = screen(() => import('./website/Pages'))
const ScoreTab = screen(() => import('./website/ScoreTab'))

const TABS = [
  { name: 'llms-txt', label: 'llms.txt' },
  { name: 'pages', label: 'Pages' },
  { name: 'score', label: 'Score' },
]

/** The result for a small site that is part of the app, for visitors without an account. */
export default function Example() {
  const { path } = usePlace()
  const tab = match('/example/:tab?', path)?.['tab'] ?? 'llms-txt'
  const result = useLoad(readExample, [])
  return (
    <Show of={result} lines={8}>
      {(example) => <ExampleView example={example} tab={tab} />}
    </Show>
  )
}

function ExampleView({ example, tab }: { example: ExampleResult; tab: string }) {
  const tokens = example.files.reduce((sum, file) => sum + (file.path.startsWith('md/') ? (file.tokens ?? 0) : 0), 0)
  return (
    <div class="stack loose">
      <Notice
        action={
          <a class="button small" href="/">
            Generate your own
          </a>
        }
      >
        This is a real result. LLMReady made it from the documentation of a fictional program.
      </Notice>
      <header class="stack tight">
        <Title text={`Example: ${example.name}`}>{example.name}</Title>
        <span class="small muted">{example.address}</span>
        <dl class="facts">
          <div>
            <dt>Pages</dt>
            <dd>{count(example.manifest.pages.length)}</dd>
          </div>
          <div>
            <dt>Tokens</dt>
            <dd>{count(tokens)}</dd>
          </div>
          <div>
            <dt>Score</dt>
            <dd>
              <a href="/example/score" class="score-link">
                <Score value={example.quality.score} small />
              </a>
            </dd>
          </div>
        </dl>
      </header>
      <Tabs label="Example" tabs={TABS} current={tab} href={(name) => `/example/${name}`} />
      <Suspense fallback={<Skeleton lines={8} />}>
        {tab === 'pages' ? <Pages run={{ id: EXAMPLE }} /> : tab === 'score' ? <ScoreTab run={example} /> : <LlmsTxt run={{ id: EXAMPLE }} />}
      </Suspense>
    </div>
  )
}
