/** Calls of the HTTPS API. Types come from its OpenAPI text (`npm run types`). */

import { accessToken, COOKIE_HEADERS, signedIn, signedOut } from './session'
import type { components } from './schema'

const BASE = '/api/v1'

type Schemas = components['schemas']
export type Website = Schemas['WebsiteAnswer']
export type Generation = Schemas['GenerationAnswer']
export type Profile = Schemas['ProfileAnswer']
export type Quota = Schemas['QuotaAnswer']
export type Plan = Schemas['PlanAnswer']
export type HistoryPage = Schemas['History']
export type WebsiteList = Schemas['WebsiteList']
export type BulkAnswer = Schemas['BulkAnswer']
export type Session = Schemas['SessionAnswer']

/** An answer of the API that is an error (RFC 9457), or a request that got no answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly fields: Record<string, string> = {},
    readonly retryAfter = 0,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message)
  }

  /** Whether no answer came at all. */
  get offline(): boolean {
    return this.status === 0
  }
}

export interface Answer<T> {
  body: T
  status: number
  /** Seconds to wait before the next request, from `Retry-After`; 0 when the header is absent. */
  retryAfter: number
}

export interface Options {
  method?: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Send no access token. */
  anonymous?: boolean
  /** Return the body as text instead of JSON. */
  text?: boolean
}

/**
 * Send a request and return its body.
 *
 * @param path - below `/api/v1`, beginning with a slash
 * @throws ApiError when the answer is an error, or the server does not answer
 */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  return (await request<T>(path, options)).body
}

/** Read a text file that is part of the app. */
export async function readStatic(path: string, signal?: AbortSignal): Promise<string> {
  const answer = await answered(fetch(path, { signal }))
  if (!answer.ok) throw await problem(answer, 0)
  return answer.text()
}

async function answered(sent: Promise<Response>): Promise<Response> {
  try {
    return await sent
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError('LLMReady did not answer. Check your connection; this page tries again automatically.', 0, 'offline')
  }
}

/** As {@link call}, with status and `Retry-After`. */
export async function request<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const answer = await answered(send(path, options))
  const retryAfter = Number(answer.headers.get('Retry-After')) || 0
  if (!answer.ok) throw await problem(answer, retryAfter)
  const body = answer.status === 204 ? undefined : options.text ? await answer.text() : await answer.json()
  return { body: body as T, status: answer.status, retryAfter }
}

async function send(path: string, options: Options): Promise<Response> {
  if (options.anonymous) return attempt(path, options, null)
  const token = await accessToken()
  const answer = await attempt(path, options, token)
  if (answer.status !== 401) return answer
  // The token expired or was revoked before the request arrived: renew the session once.
  const renewed = await accessToken(token ?? undefined)
  if (renewed) return attempt(path, options, renewed)
  signedOut()
  return answer
}

function attempt(path: string, options: Options, token: string | null): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers }
  if (token) headers['Authorization'] = `Bearer ${token}`
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  return fetch(BASE + path, {
    method: options.method ?? 'GET',
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
  })
}

async function problem(answer: Response, retryAfter: number): Promise<ApiError> {
  let body: Record<string, unknown> = {}
  try {
    body = await answer.json()
  } catch {
    // The gateway's own errors need not be JSON.
  }
  const fields: Record<string, string> = {}
  for (const entry of (body['errors'] as { field?: string; message?: string }[] | undefined) ?? []) {
    if (entry.field && entry.message) fields[entry.field] = entry.message
  }
  const fallback: Record<number, string> = {
    413: 'The request is too large.',
    429: 'Too many requests. Wait a moment, then try again.',
    503: 'LLMReady is busy. Wait a moment, then try again.',
  }
  const detail = typeof body['detail'] === 'string' ? body['detail'] : undefined
  const message = detail ?? fallback[answer.status] ?? `The server answered with status ${answer.status}. Try again later.`
  return new ApiError(message, answer.status, String(body['code'] ?? 'unknown'), fields, retryAfter, body)
}

/** Sign in; the refresh token becomes a cookie. */
export async function signIn(email: string, password: string): Promise<void> {
  signedIn(
    await call('/auth/login', { method: 'POST', body: { email, password }, headers: COOKIE_HEADERS, anonymous: true }),
  )
}

/** Create an account. The answer is the same when the address already has one. */
export function register(email: string, password: string): Promise<{ message: string }> {
  return call('/auth/register', { method: 'POST', body: { email, password }, anonymous: true })
}

/** End the session of this browser in all tabs, even when the server cannot be reached. */
export async function signOut(): Promise<void> {
  try {
    await call('/auth/logout', { method: 'POST', headers: COOKIE_HEADERS, anonymous: true })
  } finally {
    signedOut()
  }
}
