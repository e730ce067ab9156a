/** A score from 0 to 100 with a thin ring; a word beside it says what it means. */
export function Score({ value, small = false }: { value: number; small?: boolean }) {
  const kind = value >= 90 ? 'good' : value >= 70 ? 'warn' : 'bad'
  const word = value >= 90 ? 'good' : value >= 70 ? 'fair' : 'poor'
  const size = small ? 20 : 40
  const radius = size / 2 - 2
  const around = 2 * Math.PI * radius
  return (
    <span class={`score ${kind} ${small ? '' : 'large'}`} title={`${value} of 100: ${word}`}>
      <svg width={size} height={size} viewBox={`0 0 ${size} ${size}`} aria-hidden="true">
        <circle class="ring" cx={size / 2} cy={size / 2} r={radius} />
        <circle class="arc" cx={size / 2} cy={size / 2} r={radius} stroke-dasharray={`${(around * value) / 100} ${around}`} transform={`rotate(-90 ${size / 2} ${size / 2})`} />
      </svg>
      {value}
      <span class="visually-hidden"> of 100, {word}</span>
    </span>
  )
}
