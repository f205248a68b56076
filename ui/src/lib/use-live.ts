import { createContext, useContext, useSyncExternalStore } from 'react';
import { LiveLink, type LiveSnapshot } from './live-link';

export const LiveContext = createContext<LiveLink | null>(null);

export function useLiveLink(): LiveLink {
  const link = useContext(LiveContext);
  if (!link) throw new Error('no LiveLink above this component');
  return link;
}

/** The newest live state; renders again at each change. */
export function useLive(): LiveSnapshot {
  const link = useLiveLink();
  return useSyncExternalStore(link.subscribe, link.read);
}
