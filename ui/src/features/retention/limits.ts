/** The greatest values that the API takes. */
export const MOST = {
  local_days: 36_500,
  local_max_gb: 1_000_000,
  min_free_percent: 90,
  warn_percent: 90,
  stop_percent: 90,
  after_upload_days: 36_500,
  bucket_days: 36_500,
} as const;

export type Limit = keyof typeof MOST;
