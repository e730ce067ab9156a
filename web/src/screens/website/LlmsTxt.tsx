import { bytes } from '../../parts/format'
import { Copy } from '../../parts/copy'
import { Show, useLoad } from '../../parts/load'
import Markdown from '../../markdown/Markdown'
import { setQuery, usePlace } from '../../router'
import { listFiles, readFile } from './files'

/** Texts longer than this many characters are shown raw, in parts. */
const RENDERED = 300_000

/** `llms.txt` and the other text files of the archive's root, rendered or raw with line numbers. */
export default function LlmsTxt({ run }: { run: { id: string } }) {
  const { query } = usePlace()
  const file = query.get('file') ?? 'llms.txt'
  const raw = query.get('view') === 'raw'
  const files = useLoad((signal) => listFiles(run.id, signal), [run.id])
  const text = useLoad((signal) => readFile(run.id, file, signal), [run.id, file])
  const choices = (files.data ?? []).filter(({ path }) => path === 'llms.txt' || path === 'llms-full.txt' || path === 'sitemap.md' || path.startsWith('llms/'))
  return (
    <div class="card flush">
      <div class="card-head row between">
        <label class="row small">
          File
          <select class="input compact" value={file} onChange={(event) => setQuery({ file: event.currentTarget.value === 'llms.txt' ? null : event.currentTarget.value })}>
            {choices.length ? null : <option value={file}>{file === 'llms.txt' ? file : '…'}</option>}
            {choices.map((choice) => (
              <option key={choice.path} value={choice.path}>
                {choice.path} ({bytes(choice.bytes)})
              </option>
            ))}
          </select>
        </label>
        <div class="row">
          <div class="segmented" role="group" aria-label="View">
            <button type="button" aria-pressed={!raw} onClick={() => setQuery({ view: null })}>
              Rendered
            </button>
            <button type="button" aria-pressed={raw} onClick={() => setQuery({ view: 'raw' })}>
              Raw
            </button>
          </div>
          <Copy text={() => text.data ?? readFile(run.id, file)} />
        </div>
      </div>
      <div class="card-body">
        <Show of={text} lines={10}>
          {(content) => (raw || content.length > RENDERED ? <Raw text={content} /> : <Markdown text={content} />)}
        </Show>
      </div>
    </div>
  )
}

/** Lines that are put into the page at first; more on request. */
const FIRST = 2000

export function Raw({ text }: { text: string }) {
  const { query } = usePlace()
  const lines = text.split('\n')
  const shown = query.get('all') ? lines : lines.slice(0, FIRST)
  return (
    <div class="stack">
      <pre class="raw" tabIndex={0} aria-label="File content">
        {shown.map((line, index) => (
          <span key={index} class="line">
            {line || ' '}
          </span>
        ))}
      </pre>
      {shown.length < lines.length ? (
        <button type="button" class="button" onClick={() => setQuery({ all: '1' })}>
          Show all {lines.length} lines
        </button>
      ) : null}
    </div>
  )
}
