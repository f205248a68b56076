import type { Tone } from '../../components/state-badge';
import type { Output, OutputPreset, OutputState } from '../../lib/ffmpeg-types';
import { acceptedAgeMs, STALE_AFTER_MS } from '../../lib/freshness';

export const TONES: Record<OutputState, Tone> = {
  off: 'idle',
  scheduled: 'idle',
  waiting: 'idle',
  connecting: 'idle',
  live: 'ok',
  stalled: 'warn',
  retrying: 'warn',
  failed: 'error',
};

/** What an operator sorts outputs by. */
export const GROUPS = ['live', 'trouble', 'waiting', 'off'] as const;
export type OutputGroup = (typeof GROUPS)[number];

const GROUP_OF: Record<OutputState, OutputGroup> = {
  live: 'live',
  stalled: 'trouble',
  retrying: 'trouble',
  failed: 'trouble',
  connecting: 'waiting',
  waiting: 'waiting',
  scheduled: 'waiting',
  off: 'off',
};

export function groupOf({ state, problem }: Output): OutputGroup {
  // What only connects because it failed a moment ago is not well yet.
  return state === 'connecting' && problem !== null ? 'trouble' : GROUP_OF[state];
}

export function countGroups(outputs: Output[]): Record<OutputGroup, number> {
  const counts: Record<OutputGroup, number> = { live: 0, trouble: 0, waiting: 0, off: 0 };
  for (const output of outputs) counts[groupOf(output)] += 1;
  return counts;
}

/** True where what is said to be live has no fresh proof: nothing heard, or nothing accepted, for 10 s. */
export function isStale(output: Output, serverNow: number, unheardMs: number): boolean {
  if (unheardMs > STALE_AFTER_MS) return true;
  if (output.state !== 'live') return false;
  const age = acceptedAgeMs(output, serverNow);
  return age === null || age > STALE_AFTER_MS;
}

/** Where its picture comes from, as people write it; null where whichever stream is live does. */
export function sourceName({ source: { kind, app, stream, programme } }: Output, programmes: { id: string; label: string }[]): string | null {
  if (kind === 'programme') return programmes.find(({ id }) => id === programme)?.label ?? programme;
  if (stream === '') return null;
  return app === '' ? stream : `${app}/${stream}`;
}

/** Where it goes, in a few words: the platform, or the host of a server that is none. */
export function placeName({ server }: Output, platform: string, preset: OutputPreset | undefined): string {
  if (preset !== undefined && preset.group !== 'custom') return platform;
  return /^\w+:\/\/(?:[^@/]*@)?([^/?#]+)/.exec(server)?.[1] ?? platform;
}

/** Those that fit what was typed and the chosen groups; none chosen is all. */
export function matching(outputs: Output[], typed: string, groups: readonly OutputGroup[], wordsOf: (output: Output) => string): Output[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return outputs.filter((output) => {
    if (groups.length > 0 && !groups.includes(groupOf(output))) return false;
    const text = wordsOf(output).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The ids with one of them put to the place where `over` is. */
export function moved(ids: string[], id: string, over: string): string[] {
  const to = ids.indexOf(over);
  if (to < 0 || !ids.includes(id)) return ids;
  return ids.filter((one) => one !== id).toSpliced(to, 0, id);
}
