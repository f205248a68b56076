import type { Tone } from '../../components/state-badge';
import type { Recording, StreamRecording } from '../../lib/recording-types';

export type StreamRecordState = 'recording' | 'starting' | 'ending' | 'armed' | 'blocked' | 'off';

export const STATE_TONES: Record<StreamRecordState, Tone> = { recording: 'ok', starting: 'warn', ending: 'idle', armed: 'idle', blocked: 'error', off: 'idle' };

/** How a stream stands with recording; `current` is the recording that runs, when it is known. */
export function streamState({ wanted, why, recording_id }: StreamRecording, live: boolean, current: Recording | null): StreamRecordState {
  const runs = recording_id !== null && current?.state !== 'finishing' && current?.state !== 'ready';
  if (why === 'disk') return 'blocked';
  if (runs) return wanted && live ? 'recording' : 'ending';
  if (!wanted) return 'off';
  return live ? 'starting' : 'armed';
}
