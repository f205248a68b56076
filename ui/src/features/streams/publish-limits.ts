/** The greatest values that the API takes. */
export const MOST = { max_streams: 100_000, max_kbps: 1_000_000, max_attempts: 100_000, kick_block_s: 86_400 } as const;

export type Limit = keyof typeof MOST;
