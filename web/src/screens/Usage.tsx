import { call, type Plan } from '../api/client'
import { useAccount } from '../account'
import { count, date, plural } from '../parts/format'
import { Show, useLoad } from '../parts/load'
import { State, Title } from '../parts/states'

interface Stats {
  total_websites: number
  active_websites: number
  total_generations: number
  successful_generations: number
  failed_generations: number
}

/** What the month still allows, what the plan contains, and the other plans. */
export default function Usage() {
  const { profile, quota } = useAccount()
  const stats = useLoad((signal) => call<Stats>('/websites/stats/user', { signal }), [])
  const plans = useLoad((signal) => call<{ items: Plan[] }>('/plans', { signal, anonymous: true }), [])
  const current = profile?.plan.name
  return (
    <div class="stack loose">
      <Title text="Usage" />
      {quota ? (
        <section class="card stack" aria-labelledby="month-title">
          <h2 id="month-title">This month</h2>
          <progress class="progress" aria-label="Generations used this month" max={quota.generations_limit} value={quota.generations_used} />
          <div class="row between">
            <span>
              {count(quota.generations_used)} of {plural(quota.generations_limit, 'generation')} used
            </span>
            <span class="muted">{quota.resets_at ? `Resets on ${date(quota.resets_at)}` : ''}</span>
          </div>
          <p class="muted">{quota.message}</p>
        </section>
      ) : null}
      <Show of={stats}>
        {(figures) => (
          <section class="card" aria-label="All time">
            <dl class="facts">
              <Figure name="Websites" value={figures.total_websites} />
              <Figure name="Active websites" value={figures.active_websites} />
              <Figure name="Generations" value={figures.total_generations} />
              <Figure name="Completed" value={figures.successful_generations} />
              <Figure name="Failed" value={figures.failed_generations} />
            </dl>
          </section>
        )}
      </Show>
      <Show of={plans}>
        {({ items }) => (
          <section class="card flush" aria-labelledby="plans-title">
            <div class="card-head">
              <h2 id="plans-title">Plans</h2>
            </div>
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">Plan</th>
                  <th scope="col" class="number">
                    Generations a month
                  </th>
                  <th scope="col" class="number">
                    Websites
                  </th>
                  <th scope="col" class="number">
                    Pages
                  </th>
                  <th scope="col" class="number">
                    Files kept
                  </th>
                  <th scope="col">Schedule, at most</th>
                </tr>
              </thead>
              <tbody>
                {items.map((plan) => (
                  <tr key={plan.name}>
                    <td>
                      {plan.name} {plan.name === current ? <State kind="good">yours</State> : null}
                    </td>
                    <td class="number" data-label="Generations a month">
                      {count(plan.generations_per_month)}
                    </td>
                    <td class="number" data-label="Websites">
                      {count(plan.websites)}
                    </td>
                    <td class="number" data-label="Pages">
                      {count(plan.pages_per_generation)}
                    </td>
                    <td class="number" data-label="Files kept">
                      {plural(plan.files_kept_days, 'day')}
                    </td>
                    <td data-label="Schedule, at most">{plan.schedule}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
      </Show>
    </div>
  )
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{count(value)}</dd>
    </div>
  )
}
