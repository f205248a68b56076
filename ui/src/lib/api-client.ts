import { ApiError } from './api-error';

const BASE = '/terraform/v1';

type SignedOutListener = () => void;
let signedOut: SignedOutListener = () => undefined;

/** Called whenever a reply says that the session is over. One listener: the app. */
export function onSignedOut(listener: SignedOutListener): void {
  signedOut = listener;
}

export function apiUrl(path: string): string {
  return `${BASE}/${path}`;
}

/** Tell the app that the session is over. */
export function reportSignedOut(): void {
  signedOut();
}

/** GET `path` below the API's root and return `data`. Throws ApiError. */
export function apiGet<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { method: 'GET', signal: signal ?? null });
}

/** POST JSON to `path` below the API's root and return `data`. Throws ApiError; reports a session that is over. */
export async function apiPost<T>(path: string, body: object = {}, signal?: AbortSignal): Promise<T> {
  try {
    return await apiProbe<T>(path, body, signal);
  } catch (error) {
    if (error instanceof ApiError && error.signedOut) signedOut();
    throw error;
  }
}

/** As apiPost, for who asks whether there is a session: its absence is an answer and is not reported. */
export function apiProbe<T>(path: string, body: object = {}, signal?: AbortSignal): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}

/** As apiPost, for what answers with a file. Throws ApiError. */
export async function apiFile(path: string, body: object, signal?: AbortSignal): Promise<Blob> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: signal ?? null };
  const response = await ask(path, init);
  if (response.ok) return response.blob();
  throw toError(path, response, await readEnvelope(response));
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(apiUrl(path), { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({ message: 'The server cannot be reached.', key: 'unreachable', path });
  }
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await ask(path, init);
  const envelope = await readEnvelope(response);
  if (response.ok && envelope?.code === 0) return envelope.data as T;
  throw toError(path, response, envelope);
}

interface Envelope {
  code: number;
  data?: unknown;
}

async function readEnvelope(response: Response): Promise<Envelope | null> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'number' ? (body as Envelope) : null;
}

function toError(path: string, response: Response, envelope: Envelope | null): ApiError {
  const { message, help, key } = (envelope?.data ?? {}) as { message?: string; help?: string; key?: string };
  // The front answers in HTML when the service behind it is away.
  const fallbackKey = response.status >= 502 && response.status <= 504 ? 'service_away' : 'bad_reply';
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new ApiError({
    message: message ?? `HTTP ${response.status}`,
    help: help ?? '',
    key: key ?? fallbackKey,
    status: response.status,
    code: envelope?.code ?? 0,
    path,
    retryAfterS: Number.isFinite(retryAfter) ? retryAfter : null,
  });
}
