import type { AirTimes, Output, OutputPreset, OutputSource } from '../../lib/ffmpeg-types';
import { isWeekPlan, newWeekPlan } from '../../lib/weekdays';

/** As an output is sent. The key is written only: left out, the stored one stays. */
export interface OutputFields {
  label: string;
  platform: string;
  server: string;
  key: string;
  source: OutputSource;
  enabled: boolean;
  sender: Output['sender'];
  verify_tls: boolean;
  give_up_after: number;
  schedule: AirTimes | null;
}

/** What the operator chooses of an output. */
export interface OutputDraft {
  label: string;
  platform: string;
  server: string;
  key: string;
  /** `app/stream`, `programme:id`, or empty while nothing is chosen. */
  source: string;
  enabled: boolean;
  sender: Output['sender'];
  verify_tls: boolean;
  give_up_after: number;
  scheduled: boolean;
  /** Kept while the schedule is off: switching it off and on again forgets nothing. */
  times: AirTimes;
}

export function newDraft(preset: OutputPreset, source: string): OutputDraft {
  return {
    label: '',
    platform: preset.id,
    server: preset.servers[0]?.url ?? '',
    key: '',
    source,
    enabled: true,
    sender: 'native',
    verify_tls: true,
    give_up_after: 0,
    scheduled: false,
    times: newWeekPlan(),
  };
}

export function draftOf(output: Output): OutputDraft {
  const { label, platform, server, source, enabled, sender, verify_tls, give_up_after, schedule } = output;
  return {
    label,
    platform,
    server,
    key: '',
    source: sourceValue(source),
    enabled,
    sender,
    verify_tls,
    give_up_after,
    scheduled: schedule !== null,
    times: schedule ?? newWeekPlan(),
  };
}

/** The draft at another platform: where the former one is reached and its key go. */
export function withPreset(draft: OutputDraft, preset: OutputPreset): OutputDraft {
  if (draft.platform === preset.id) return draft;
  return { ...draft, platform: preset.id, server: preset.servers[0]?.url ?? '', key: '' };
}

export function sourceValue({ kind, app, stream, programme }: OutputSource): string {
  if (kind === 'programme') return `programme:${programme}`;
  return app === '' && stream !== '' ? stream : `${app}/${stream}`;
}

/** Whichever stream is live. */
export const ANY_STREAM = '/';

// Without an app it is whichever has a stream of that name.
const STREAM = /^(?:([^/\s:]+)\/)?([^/\s:]+)$/;

/** Null where the words name no source. */
export function sourceOf(value: string): OutputSource | null {
  const [found, app = '', stream = ''] = STREAM.exec(value) ?? [];
  if (found !== undefined || value === ANY_STREAM) return { kind: 'stream', app, stream, programme: '' };
  const programme = value.startsWith('programme:') ? value.slice('programme:'.length) : '';
  return programme ? { kind: 'programme', app: '', stream: '', programme } : null;
}

export type DraftFault = 'missing' | 'server' | 'source' | 'placeholder' | 'count' | 'times';
export type DraftFaults = Partial<Record<keyof OutputDraft, DraftFault>>;

const SCHEME = /^(rtmps?|srt):\/\/[^\s/]+/i;
export const MOST_TRIES = 10_000;

/** What is wrong with each field; the key may stay empty where one is stored, or where the address says it all. */
export function faultsOf(draft: OutputDraft, preset: OutputPreset | undefined, keyStored: boolean): DraftFaults {
  const faults: DraftFaults = {};
  const server = draft.server.trim();
  if (server === '') faults.server = 'missing';
  else if (/[{}<>]/.test(server)) faults.server = 'placeholder';
  else if (!SCHEME.test(server)) faults.server = 'server';
  if (needsKey(draft, preset) && !keyStored && draft.key.trim() === '') faults.key = 'missing';
  if (sourceOf(draft.source) === null) faults.source = 'source';
  if (!Number.isInteger(draft.give_up_after) || draft.give_up_after < 0 || draft.give_up_after > MOST_TRIES) faults.give_up_after = 'count';
  if (draft.scheduled && !isWeekPlan(draft.times)) faults.times = 'times';
  return faults;
}

/** A server of one's own may want none, and a whole address holds it already. */
function needsKey({ server }: OutputDraft, preset: OutputPreset | undefined): boolean {
  if (preset === undefined || preset.group === 'custom') return false;
  const [, path = ''] = /^\w+:\/\/[^/]+(\/[^?#]*)?/.exec(server.trim()) ?? [];
  return path.split('/').filter(Boolean).length < 2;
}

/** As it is sent: trimmed, and without a key that was not written. */
export function toFields(draft: OutputDraft): Partial<OutputFields> {
  const { label, server, key, source, scheduled, times, ...rest } = draft;
  const found = sourceOf(source);
  return {
    ...rest,
    ...(label.trim() && { label: label.trim() }),
    server: server.trim(),
    ...(key.trim() && { key: key.trim() }),
    ...(found && { source: found }),
    schedule: scheduled ? times : null,
  };
}

/** Only what differs from the saved output, so that nothing else is touched. */
export function changesOf(draft: OutputDraft, output: Output): Partial<OutputFields> {
  const before = toFields(draftOf(output));
  const after = toFields(draft);
  const differing = Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof OutputFields]));
  return Object.fromEntries(differing) as Partial<OutputFields>;
}

const CONNECTS_ANEW = ['platform', 'server', 'key', 'sender', 'verify_tls', 'source'] as const;

/** True when saving lets the output connect anew. */
export function interrupts(changes: Partial<OutputFields>): boolean {
  return CONNECTS_ANEW.some((name) => name in changes);
}
