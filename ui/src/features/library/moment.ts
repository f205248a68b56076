/** Milliseconds as `1:02:33.5` or `3:05.0`: for points in a recording, to a tenth of a second. */
export function formatMoment(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, Math.floor(tenths / 10) % 60];
  return `${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}.${tenths % 10}`;
}

/** `1:02:33.5`, `3:05` or `12.4` as milliseconds; null when it is no time. */
export function parseMoment(text: string): number | null {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5}(?:[.,]\d{1,3})?)$/.exec(text.trim());
  if (!found) return null;
  const [, h = '0', m = '0', s = '0'] = found;
  const seconds = Number(s.replace(',', '.'));
  // Behind a colon 60 comes round to 0.
  if (found[2] !== undefined && seconds >= 60) return null;
  if (found[1] !== undefined && Number(m) >= 60) return null;
  return Math.round((Number(h) * 3600 + Number(m) * 60 + seconds) * 1000);
}
