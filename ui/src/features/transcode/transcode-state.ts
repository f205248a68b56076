import type { TFunction } from 'i18next';
import type { Tone } from '../../components/state-badge';
import type { Problem, Transcode, TranscodeState } from '../../lib/ffmpeg-types';
import { problemText } from '../../lib/problem-text';

export const TONES: Record<TranscodeState, Tone> = {
  off: 'idle',
  waiting: 'idle',
  starting: 'idle',
  live: 'ok',
  retrying: 'warn',
  failed: 'error',
  refused: 'error',
};

export function countStates(transcodes: Transcode[]): Record<'live' | 'trouble', number> {
  const counts = { live: 0, trouble: 0 };
  for (const { state } of transcodes) {
    if (state === 'live') counts.live += 1;
    else if (TONES[state] === 'warn' || TONES[state] === 'error') counts.trouble += 1;
  }
  return counts;
}

/** Is there anything to stop? What was refused or given up can be started anew. */
export function isRunning({ enabled, state }: Transcode): boolean {
  return enabled && state !== 'off' && state !== 'failed' && state !== 'refused';
}

/** What keeps a ladder from running; a refusal with its figures, which the server has in its sentence only. */
export function troubleText(problem: Problem, t: TFunction): { message: string; help: string } {
  const [percent, free] = [...problem.message.matchAll(/(\d+(?:\.\d+)?) ?%/g)].map(([, figure]) => figure);
  if (problem.key === 'transcode_refused' && percent !== undefined && free !== undefined) {
    return { message: t('transcode.refused', { percent, free }), help: t('transcode.refusedHelp') };
  }
  return problemText(problem, t);
}

/** A share as people read it: whole from 10 on. */
export function formatPercent(percent: number): string {
  return percent >= 10 ? String(Math.round(percent)) : percent.toFixed(1);
}

/** The address that players are given, of the host this page was opened on. */
export function masterAddress(url: string, origin = location.origin): string {
  return /^https?:/i.test(url) ? url : `${origin}/${url.replace(/^\//, '')}`;
}
