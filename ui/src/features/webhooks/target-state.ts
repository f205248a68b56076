import type { HookTarget } from '../../lib/api-types';

export type TargetState = 'off' | 'failing' | 'ok' | 'waiting';

/** How a target stands; `last_error` is there only while the last attempt failed. */
export function targetState(target: HookTarget): TargetState {
  if (!target.enabled) return 'off';
  if (target.last_error) return 'failing';
  return target.last_ok_ms == null ? 'waiting' : 'ok';
}
