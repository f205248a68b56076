import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { LogTail, type LogFilter, type LogSnapshot } from './log-tail';

/** The end of the logs that fit, followed while somebody looks. `filter` must be the same object while it is the same. */
export function useLogTail(filter: LogFilter): LogSnapshot & Pick<LogTail, 'loadOlder'> {
  const tail = useMemo(() => new LogTail(filter), [filter]);
  useEffect(() => {
    tail.start();
    return () => tail.stop();
  }, [tail]);
  return { ...useSyncExternalStore(tail.subscribe, tail.read), loadOlder: tail.loadOlder };
}
