import type { TFunction } from 'i18next';
import type { Tone } from '../../components/state-badge';
import { formatClock } from '../../lib/format';
import { problemText } from '../../lib/problem-text';
import type { Recording } from '../../lib/recording-types';
import type { RetryWhat } from './api/use-library';

export interface ShownState {
  tone: Tone;
  word: string;
  reason?: string;
  /** What can be tried again. */
  retry?: RetryWhat;
}

/** What is to be said first of a recording: what goes wrong before what goes on, what goes on before what is. */
export function shownState(one: Recording, now: number, t: TFunction): ShownState {
  const why = one.problem ? problemText(one.problem, t) : null;
  const reason = why ? { reason: `${why.message} ${why.help}`.trim() } : {};
  if (one.state === 'deleting') return { tone: why ? 'error' : 'idle', word: t(why ? 'recordings.state.notDeleted' : 'recordings.state.deleting'), ...reason };
  if (one.state === 'failed') return { tone: 'error', word: t('recordings.state.failed'), ...reason };
  if (one.state === 'recording') {
    return { tone: why ? 'warn' : 'ok', word: t('recordings.state.recording', { time: formatClock((now - one.started_ms) / 1000) }), ...reason };
  }
  if (one.upload === 'failed') return { tone: 'error', word: t('recordings.state.uploadFailed'), ...reason, retry: 'upload' };
  if (one.mp4 === 'failed') return { tone: 'warn', word: t('recordings.state.mp4Failed'), ...reason, retry: 'mp4' };
  if (one.state === 'finishing') return { tone: 'idle', word: t('recordings.state.finishing') };
  if (one.mp4 === 'making') return { tone: 'idle', word: t('recordings.state.making') };
  if (one.upload === 'uploading') return { tone: why ? 'warn' : 'idle', word: t('recordings.state.uploading', { percent: uploadedPercent(one) }), ...reason };
  if (one.upload === 'waiting') return { tone: why ? 'warn' : 'idle', word: t('recordings.state.waiting'), ...reason };
  if (one.upload === 'paused') return { tone: 'warn', word: t('recordings.state.paused'), ...reason };
  if (one.upload === 'verified') return { tone: 'ok', word: t('recordings.state.verified'), reason: t('recordings.state.verifiedWhy') };
  return { tone: why ? 'warn' : 'ok', word: t('recordings.state.ready'), ...reason };
}

/** Whole percent of a recording that are in its bucket. */
export function uploadedPercent({ uploaded_bytes, upload_bytes }: Recording): number {
  return upload_bytes > 0 ? Math.min(100, Math.floor((100 * uploaded_bytes) / upload_bytes)) : 0;
}

/** What people call it. */
export function nameOf({ title, url, stream }: Recording): string {
  return title || url || stream;
}

/** Bytes of what is played; a clip may be nothing but an MP4. */
export function sizeOf({ size_bytes, mp4_bytes }: Recording): number {
  return size_bytes || (mp4_bytes ?? 0);
}

/** Seconds that are not in it. */
export function missingSeconds({ holes }: Recording): number {
  return holes.reduce((sum, { missing_ms }) => sum + missing_ms, 0) / 1000;
}
