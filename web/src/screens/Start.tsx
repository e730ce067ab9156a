import { useState } from 'preact/hooks'
import { Field, FormError, useSubmission } from '../parts/form'
import { GenerateButton, NoneLeft } from '../parts/Quota'
import { Title } from '../parts/states'
import { useAccount } from '../account'
import { go, setQuery, usePlace } from '../router'
import { shownUrl, urlProblem, useStart } from '../starting'
import { SignUpCard } from './SignIn'

/** The first screen: a URL, and the sign-up on the same card. The URL stays in the address bar. */
export function Start() {
  const { query } = usePlace()
  const chosen = query.get('url') ?? ''
  const [url, setUrl] = useState(chosen)
  const [error, setError] = useState(chosen && urlProblem(chosen))
  const change = (typed: string) => {
    setUrl(typed)
    // The card below generates what the field says.
    if (chosen && !urlProblem(typed)) setQuery({ url: typed.trim() })
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const problem = urlProblem(url)
    setError(problem)
    if (!problem) setQuery({ url: url.trim() }, { replace: false })
  }
  return (
    <div class="stack loose start">
      <div class="stack">
        <Title text="LLMReady" focus={false}>
          Turn your website into files that language models read well
        </Title>
        <p class="muted">
          Enter an address. You get an index in the <a href="https://llmstxt.org">llms.txt</a> format, the whole site in one
          file, and one Markdown file per page.
        </p>
      </div>
      <div class="card stack">
        <form class="url-form" onSubmit={submit} noValidate>
          <Field label="Website address" hideLabel name="url" value={url} onValue={change} placeholder="example.com" inputMode="url" autocomplete="url" error={error} />
          <button type="submit" class={chosen ? 'button' : 'button primary'}>
            Generate
          </button>
        </form>
        {chosen && !urlProblem(chosen) ? (
          <Next url={chosen} />
        ) : (
          <div class="row between">
            <span class="small muted">llms.txt · llms-full.txt · one Markdown file per page</span>
            <a class="small" href="/example">
              See an example →
            </a>
          </div>
        )}
      </div>
      <section class="grid-3" aria-label="What you get">
        <div class="card stack tight">
          <h2>llms.txt</h2>
          <p class="muted">The index: every page with a title and one sentence, in the sections of your own navigation.</p>
        </div>
        <div class="card stack tight">
          <h2>llms-full.txt</h2>
          <p class="muted">The text of all pages in one file, each under its title and address.</p>
        </div>
        <div class="card stack tight">
          <h2>Markdown pages</h2>
          <p class="muted">One file per page without menus, banners and footers, in your site's folder structure.</p>
        </div>
      </section>
    </div>
  )
}

/** Sign up first, or start at once when somebody is signed in. */
function Next({ url }: { url: string }) {
  const { state } = useAccount()
  // The card that signs the person up also starts the generation, so it stays until it leaves this screen.
  const [signedInBefore] = useState(state === 'signed-in')
  const startGeneration = useStart()
  const form = useSubmission()
  if (!signedInBefore) return <SignUpCard url={url} />
  return (
    <div class="stack tight">
      <NoneLeft />
      <FormError error={form.error} />
      <div>
        <GenerateButton class="primary" busy={form.busy} onClick={() => form.run(async () => go(await startGeneration({ url: url.trim() }), { replace: true }))}>
          Generate the files of {shownUrl(url)}
        </GenerateButton>
      </div>
    </div>
  )
}
