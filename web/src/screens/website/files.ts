/** The files of a generation's archive. */

import { ApiError, call, readStatic } from '../../api/client'

/** The ID that stands for the example result, whose files are part of the app. */
export const EXAMPLE = 'example'

export interface ExampleResult {
  address: string
  name: string
  ended_at: string
  quality: { score: number; reasons: unknown[] }
  files: ArchiveFile[]
  manifest: Manifest
}

export async function readExample(signal: AbortSignal): Promise<ExampleResult> {
  return JSON.parse(await readStatic('/example/result.json', signal)) as ExampleResult
}

export interface ArchiveFile {
  path: string
  bytes: number
  tokens: number | null
  title: string | null
  url: string | null
  section: string | null
}

export interface Manifest {
  pages: { url: string; path: string; title: string; words: number; bytes: number; page_type?: string }[]
  failures: { url: string; code: string; detail: string }[]
}

/** Lists of files that were read before; the files of a completed generation never change. */
const lists = new Map<string, Promise<ArchiveFile[]>>()
const MOST_LISTS = 5

/** Read the list of an archive's files, which several tabs of one result show. */
export async function listFiles(generation: string, signal: AbortSignal): Promise<ArchiveFile[]> {
  if (generation === EXAMPLE) return (await readExample(signal)).files
  const known = lists.get(generation)
  if (known) return known
  const list = call<{ items: ArchiveFile[] }>(`/generations/${generation}/files`).then(({ items }) => items)
  if (lists.size >= MOST_LISTS) lists.clear()
  lists.set(generation, list)
  list.catch(() => lists.delete(generation))
  return list
}

/** Read a text file; files over 4 MB come from a presigned URL. */
export async function readFile(generation: string, path: string, signal?: AbortSignal): Promise<string> {
  // The path comes from the address bar, and `..` would lead to another route.
  if (path.split('/').some((part) => /^\.*$/.test(part))) throw new ApiError('The archive has no file with this path.', 404, 'not_found')
  const address = path.split('/').map(encodeURIComponent).join('/')
  if (generation === EXAMPLE) return readStatic(`/example/files/${address}`, signal)
  return call<string>(`/generations/${generation}/files/${address}`, { signal, text: true })
}

export async function readManifest(generation: string, signal: AbortSignal): Promise<Manifest> {
  if (generation === EXAMPLE) return (await readExample(signal)).manifest
  return JSON.parse(await readFile(generation, 'manifest.json', signal)) as Manifest
}
