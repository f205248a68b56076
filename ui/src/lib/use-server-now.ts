import { useContext, useSyncExternalStore } from 'react';
import { LiveContext } from './use-live';
import { useNow } from './use-now';

const NEVER = () => () => undefined;

/** The server's clock as well as it is known, ms, renewed every `everyMs`: its times are not this machine's. */
export function useServerNow(everyMs = 1000): number {
  const link = useContext(LiveContext);
  const offsetMs = useSyncExternalStore(link?.subscribe ?? NEVER, () => link?.read().clockOffsetMs ?? 0);
  return useNow(everyMs) + offsetMs;
}
