import { useState } from 'react';

/** Changes not saved yet, over what is in force; follows `saved` where nothing was changed. */
export function useDraft<T extends object>(saved: T) {
  const [changes, setChanges] = useState<Partial<T>>({});
  const differing = Object.fromEntries(
    Object.entries(changes).filter(([name, value]) => !Object.is(value, saved[name as keyof T])),
  ) as Partial<T>;
  // What has come into force is no change any more; else it would stand in the way of the next one from elsewhere.
  if (Object.keys(differing).length < Object.keys(changes).length) setChanges(differing);
  return {
    value: { ...saved, ...changes } as T,
    /** Only what differs. */
    changes: differing,
    dirty: Object.keys(differing).length > 0,
    change: (more: Partial<T>) => setChanges((now) => ({ ...now, ...more })),
    reset: () => setChanges({}),
  };
}
