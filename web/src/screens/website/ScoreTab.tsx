import { Score } from '../../parts/Score'
import { inWords } from '../../parts/format'
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

/** The rules of the score, by what they ask for. */
const CHECKS = [
  'Every page can be read, and links lead to pages that exist.',
  'Every page has text of its own, and most of it is not repeated on other pages.',
  'Every page has a title and a description that differ from those of other pages.',
  'The text is not garbled, and the pages of a section are in one language.',
  'The index has the name of the site, a summary, and sections of moderate size.',
  'The site is served over https, and no page is too long for agents.',
  'Private pages, such as a sign-in or a cart, are not listed.',
  'No page is left out because of a limit.',
]

/** The score with each reason, the pages it concerns, and what mends it. */
export default function ScoreTab({ run, settings, leftOut }: Props) {
  if (!run.quality) return <Empty title="No score">This generation has no score.</Empty>
  const reasons = run.quality.reasons as Reason[]
  return (
    <div class="card stack loose">
      <div class="row between">
        <Score value={run.quality.score} />
        <p class="muted grow">of 100. The score uses the rules of published llms.txt validators, and rules for problems that affect readers.</p>
      </div>
      {reasons.length === 0 ? (
        <p>No problems found: every rule passes.</p>
      ) : (
        <ul class="stack">
          {reasons.map((reason, index) => (
            <li key={index} class="stack tight">
              <div class="row between one-line">
                <strong class="grow">{reason.message ?? reason.detail ?? reason.rule ?? reason.code}</strong>
                {reason.points ? <span class="number muted">−{Math.abs(reason.points)}</span> : null}
              </div>
              {reason.remedy ? <p class="muted">{inWords(reason.remedy)}</p> : null}
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
      <details>
        <summary>What the score checks</summary>
        <div class="stack tight">
          <p class="muted">A result starts with 100 points, and each problem that is found costs points. 90 or more is good, 70 to 89 is fair.</p>
          <ul class="bullets">
            {CHECKS.map((check) => (
              <li key={check}>{check}</li>
            ))}
          </ul>
        </div>
      </details>
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
