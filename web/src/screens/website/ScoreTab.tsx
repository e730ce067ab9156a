import { Score } from '../../parts/Score'
import { Empty } from '../../parts/states'

interface Reason {
  code?: string
  rule?: string
  points?: number
  message?: string
  detail?: string
  pages?: string[]
  remedy?: string
}

interface Props {
  run: { quality: { score: number; reasons: unknown[] } | null }
  /** Where the settings of the website are; absent for the example. */
  settings?: string
  /** Where the pages that were left out are listed; absent when there are none. */
  leftOut?: string | undefined
}

/** The score with each reason, the pages it concerns, and what mends it. */
export default function ScoreTab({ run, settings, leftOut }: Props) {
  if (!run.quality) return <Empty title="No score">This generation has no score.</Empty>
  const reasons = run.quality.reasons as Reason[]
  return (
    <div class="card stack loose">
      <div class="row">
        <Score value={run.quality.score} />
        <p class="muted">of 100. The score counts what published llms.txt validators check, and problems that affect readers.</p>
      </div>
      {reasons.length === 0 ? (
        <p>No problems found: every rule passes.</p>
      ) : (
        <ul class="stack">
          {reasons.map((reason, index) => (
            <li key={index} class="stack tight">
              <div class="row between">
                <strong>{reason.message ?? reason.detail ?? reason.rule ?? reason.code}</strong>
                {reason.points ? <span class="number muted">−{Math.abs(reason.points)}</span> : null}
              </div>
              {reason.remedy ? <p class="muted">{reason.remedy}</p> : null}
              {reason.pages?.length ? (
                <ul class="small">
                  {reason.pages.map((page) => (
                    <li key={page} class="truncate">
                      <a href={page} target="_blank" rel="noopener nofollow">
                        {page}
                      </a>
                    </li>
                  ))}
                </ul>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {leftOut ? (
        <p class="small">
          <a href={leftOut}>See the pages that were left out, and why</a>
        </p>
      ) : null}
      {settings ? (
        <p class="small">
          <a href={settings}>Change the settings of this website</a>
        </p>
      ) : null}
    </div>
  )
}
