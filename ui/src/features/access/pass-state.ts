import type { Pass } from '../../lib/api-types';

export type PassState = 'active' | 'expired' | 'revoked';

export function passState(pass: Pass, now: number): PassState {
  if (pass.revoked) return 'revoked';
  return pass.expires_ms != null && pass.expires_ms <= now ? 'expired' : 'active';
}
