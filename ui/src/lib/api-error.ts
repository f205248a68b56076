/** A call that did not end well, whether the server said so or was never reached. */
export class ApiError extends Error {
  readonly key: string;
  readonly help: string;
  readonly status: number;
  readonly code: number;
  readonly path: string;
  /** Date.now() from which a new try makes sense; null when the server named no time. */
  readonly retryAt: number | null;

  constructor(fields: {
    message: string;
    key: string;
    path: string;
    help?: string;
    status?: number;
    code?: number;
    retryAfterS?: number | null;
  }) {
    super(fields.message);
    this.name = 'ApiError';
    this.key = fields.key;
    this.path = fields.path;
    this.help = fields.help ?? '';
    this.status = fields.status ?? 0;
    this.code = fields.code ?? 0;
    this.retryAt = fields.retryAfterS == null ? null : Date.now() + fields.retryAfterS * 1000;
  }

  /** True when the reason is the session, not what was typed. */
  get signedOut(): boolean {
    // token_missing, token_invalid, token_expired, token_revoked
    return this.status === 401 && this.key.startsWith('token_');
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({ message: error instanceof Error ? error.message : String(error), key: 'page_fault', path: '' });
}
