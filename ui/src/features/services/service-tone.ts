import type { Tone } from '../../components/state-badge';

const TONES: Record<string, Tone> = {
  running: 'ok',
  starting: 'idle',
  unhealthy: 'warn',
  backoff: 'warn',
  stopped: 'idle',
  off: 'idle',
  failed: 'error',
};

export function serviceTone(state: string): Tone {
  return TONES[state] ?? 'idle';
}
