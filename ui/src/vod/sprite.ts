/** One small picture: from which second on, and where it lies on the sheet. */
export interface Cue {
  from: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

const LINE = /^(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3}) --> /;
const PLACE = /#xywh=(\d+),(\d+),(\d+),(\d+)/;

/** Read a WebVTT map of pictures; lines that say nothing we know are left out. */
export function readCues(vtt: string): Cue[] {
  const cues: Cue[] = [];
  let from: number | null = null;
  for (const line of vtt.split(/\r?\n/)) {
    const time = LINE.exec(line);
    if (time) from = Number(time[1] ?? 0) * 3600 + Number(time[2]) * 60 + Number(time[3]) + Number(time[4]) / 1000;
    const place = PLACE.exec(line)?.slice(1).map(Number);
    if (from === null || !place) continue;
    const [x = 0, y = 0, width = 0, height = 0] = place;
    cues.push({ from, x, y, width, height });
    from = null;
  }
  return cues;
}

/** The picture that shows second `at`; null when there is none. */
export function cueAt(cues: Cue[], at: number): Cue | null {
  return cues.findLast(({ from }) => from <= at) ?? cues[0] ?? null;
}

/** Fetch the map of pictures; empty when it cannot be had, for it is only a nicety. */
export async function fetchCues(map: string): Promise<Cue[]> {
  try {
    const reply = await fetch(map);
    return reply.ok ? readCues(await reply.text()) : [];
  } catch {
    return [];
  }
}
