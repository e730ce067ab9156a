/** The files of a generation's archive. */

import { call } from '../../api/client'

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

export async function listFiles(generation: string, signal: AbortSignal): Promise<ArchiveFile[]> {
  return (await call<{ items: ArchiveFile[] }>(`/generations/${generation}/files`, { signal })).items
}

/** Read a text file; files over 4 MB come from a presigned URL. */
export function readFile(generation: string, path: string, signal?: AbortSignal): Promise<string> {
  const address = path.split('/').map(encodeURIComponent).join('/')
  return call<string>(`/generations/${generation}/files/${address}`, { signal, text: true })
}

export async function readManifest(generation: string, signal: AbortSignal): Promise<Manifest> {
  return JSON.parse(await readFile(generation, 'manifest.json', signal)) as Manifest
}
