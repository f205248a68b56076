/** The values that the API takes. */
export const MOST = {
  local_days: 36_500,
  local_max_gb: 10_000_000,
  min_free_percent: 90,
  warn_percent: 95,
  stop_percent: 90,
  after_upload_days: 36_500,
  bucket_days: 36_500,
} as const;

export type Limit = keyof typeof MOST;

export const LEAST: Record<Limit, number> = {
  local_days: 0,
  local_max_gb: 0,
  min_free_percent: 0,
  warn_percent: 2,
  stop_percent: 1,
  after_upload_days: 1,
  bucket_days: 0,
};
