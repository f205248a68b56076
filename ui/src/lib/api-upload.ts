import { apiUrl, reportSignedOut } from './api-client';
import { ApiError } from './api-error';

/**
 * POST a file as the raw body of one request; returns `data`. `onProgress` is told the bytes that have gone.
 * Throws ApiError. fetch cannot tell how far an upload is.
 */
export function apiUpload<T>(path: string, file: Blob, onProgress: (sent: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', apiUrl(path));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => {
      const { code, data } = parse(request.responseText);
      if (request.status === 200 && code === 0) resolve(data as T);
      else reject(failure(path, request.status, code ?? 0, data));
    };
    request.onerror = () => reject(new ApiError({ message: 'The server cannot be reached.', key: 'unreachable', path }));
    request.onabort = () => reject(new DOMException('Aborted', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function parse(text: string): { code?: number; data?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { code?: number; data?: unknown };
  } catch {
    // The front answers in HTML when it refuses itself.
    return {};
  }
}

function failure(path: string, status: number, code: number, data: unknown): ApiError {
  const { message, help, key } = (data ?? {}) as { message?: string; help?: string; key?: string };
  const fallback = status === 413 ? 'body_too_large' : status >= 502 && status <= 504 ? 'service_away' : 'bad_reply';
  const error = new ApiError({ message: message ?? `HTTP ${status}`, help: help ?? '', key: key ?? fallback, status, code, path });
  if (error.signedOut) reportSignedOut();
  return error;
}
