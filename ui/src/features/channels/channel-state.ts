import type { Tone } from '../../components/state-badge';
import type { Channel, ChannelState } from '../../lib/ffmpeg-types';

export const TONES: Record<ChannelState, Tone> = {
  off: 'idle',
  scheduled: 'idle',
  starting: 'idle',
  live: 'ok',
  retrying: 'warn',
  failed: 'error',
  ended: 'idle',
};

const GROUPS: Partial<Record<ChannelState, 'live' | 'trouble' | 'waiting'>> = { live: 'live', retrying: 'trouble', failed: 'trouble', scheduled: 'waiting' };

export function countStates(channels: Channel[]): Record<'live' | 'trouble' | 'waiting', number> {
  const counts = { live: 0, trouble: 0, waiting: 0 };
  for (const { state } of channels) {
    const group = GROUPS[state];
    if (group) counts[group] += 1;
  }
  return counts;
}

/** Is there anything to stop? What is switched on and over can only be started anew. */
export function isRunning({ enabled, state }: Channel): boolean {
  return enabled && state !== 'off' && state !== 'ended' && state !== 'failed';
}

/** Can the next item be asked for? */
export function canSkip({ kind, state, items, loop }: Channel): boolean {
  return kind === 'vlive' && state === 'live' && (items.length > 1 || loop);
}
