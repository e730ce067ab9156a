/** Numbers, times and names as people read them. */

const numbers = new Intl.NumberFormat('en', { useGrouping: true })

/** Format a whole number with thin spaces between groups. */
export function count(value: number): string {
  return numbers.format(value).replaceAll(',', '\u202f')
}

/** Format `1 page`, `2 pages`. */
export function plural(value: number, singular: string, several = `${singular}s`): string {
  return `${count(value)}\u00a0${value === 1 ? singular : several}`
}

/** Format a number of bytes, for instance `1.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value}\u00a0B`
  const units = ['kB', 'MB', 'GB']
  let size = value / 1000
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit += 1
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)}\u00a0${units[unit]}`
}

/** Format a number of seconds, for instance `1 min 20 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole}\u00a0s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 ? `${minutes}\u00a0min ${whole % 60}\u00a0s` : `${minutes}\u00a0min`
  return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** Format a time relative to now, for instance `2 hours ago`. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return 'just now'
}

/** Format a time in the person's time zone, for instance `Mon 1 Dec 2026, 03:12`. */
export function dateTime(time: string): string {
  return new Date(time).toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
}

/** Format a date, for instance `1 Dec 2026`. */
export function date(time: string): string {
  return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
}

const FIELDS: Record<string, string> = {
  max_pages: 'the page limit',
  include_patterns: 'the include patterns',
  exclude_patterns: 'the exclude patterns',
  use_playwright: 'rendering with JavaScript',
}

/** Replace the API's names of settings in a sentence by the labels of the settings screen. */
export function inWords(sentence: string): string {
  return sentence.replace('Raise timeout', 'Raise the time limit').replace(/\b[a-z]+_[a-z]+\b/g, (name) => FIELDS[name] ?? name)
}

/** Return whether a website's name is only its address, so that one of them is enough. */
export function isAddress(name: string, url: string): boolean {
  return shortUrl(name) === shortUrl(url)
}

/** Show a URL without its scheme. */
export function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
