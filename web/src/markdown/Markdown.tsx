import { useMemo } from 'preact/hooks'
import { parse, type Node } from './tree'

/** Show the Markdown of a stranger. Remote images appear as links; nothing is loaded from elsewhere. */
export default function Markdown({ text }: { text: string }) {
  const tree = useMemo(() => parse(text), [text])
  if (tree === null) {
    return (
      <>
        <p class="muted">This file is too long, or nested too deeply, to be rendered. This is its text.</p>
        <pre tabIndex={0}>{text}</pre>
      </>
    )
  }
  return <div class="prose">{tree.map(show)}</div>
}

function show(node: Node, index: number) {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'code':
      return <code key={index}>{node.text}</code>
    case 'pre':
      return (
        <pre key={index} tabIndex={0}>
          <code>{node.text}</code>
        </pre>
      )
    case 'break':
      return <br key={index} />
    case 'rule':
      return <hr key={index} />
    case 'checkbox':
      return <input key={index} type="checkbox" checked={node.checked} disabled aria-label={node.checked ? 'done' : 'to do'} />
    case 'link':
      return (
        <a key={index} href={node.url} target="_blank" rel="noopener noreferrer nofollow ugc" title={node.url}>
          {node.children.map(show)}
        </a>
      )
    case 'image':
      return (
        <a key={index} href={node.url} target="_blank" rel="noopener noreferrer nofollow ugc" title={node.url}>
          [image{node.alt ? `: ${node.alt}` : ''}]
        </a>
      )
    case 'heading': {
      // The screen's own heading is level 1, so headings of the file start at level 2.
      const Tag = `h${Math.min(6, node.level + 1)}` as 'h2'
      return <Tag key={index}>{node.children.map(show)}</Tag>
    }
    case 'list': {
      const items = node.items.map((item, number) => <li key={number}>{item.map(show)}</li>)
      return node.ordered ? (
        <ol key={index} start={node.start}>
          {items}
        </ol>
      ) : (
        <ul key={index}>{items}</ul>
      )
    }
    case 'table':
      return (
        <table key={index} tabIndex={0}>
          <thead>
            <tr>
              {node.head.map((cell, column) => (
                <th key={column} scope="col">
                  {cell.map(show)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {node.rows.map((row, number) => (
              <tr key={number}>
                {row.map((cell, column) => (
                  <td key={column}>{cell.map(show)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    case 'paragraph':
      return <p key={index}>{node.children.map(show)}</p>
    case 'quote':
      return <blockquote key={index}>{node.children.map(show)}</blockquote>
    case 'strong':
      return <strong key={index}>{node.children.map(show)}</strong>
    case 'emphasis':
      return <em key={index}>{node.children.map(show)}</em>
    case 'deleted':
      return <del key={index}>{node.children.map(show)}</del>
  }
}
