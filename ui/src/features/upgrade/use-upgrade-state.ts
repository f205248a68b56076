import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { UpgradeRun, UpgradeStatus } from '../../lib/house-types';
import { isRunning, useUpgradeFeed } from './api/upgrade-feed';
import { upgradeQuery } from './api/use-upgrade';

export interface UpgradeState {
  status: UpgradeStatus | undefined;
  /** What goes on now; null while nothing does. */
  run: UpgradeRun | null;
  /** What ended last. */
  last: UpgradeRun | null;
  /** The API is being renewed: nothing is wrong. */
  away: boolean;
  /** This page came from an older version than now runs. */
  outdated: boolean;
  error: unknown;
  retry: () => void;
}

/** What is known of upgrades: the answer to the last question, and over it what is told live. */
export function useUpgradeState(): UpgradeState {
  const query = useQuery(upgradeQuery);
  const queries = useQueryClient();
  const feed = useUpgradeFeed();
  const status = query.data;
  const asked = status?.run ?? null;
  const told = feed.run;
  // A run that has ended is told once more on connecting; the answer may know of a newer one.
  const newest = told && (!asked || told.started_ms >= asked.started_ms) ? told : asked;
  const run = isRunning(newest) ? newest : null;
  const ended = newest && !isRunning(newest) ? newest : null;
  const last = ended && ended.started_ms >= (status?.last?.started_ms ?? 0) ? ended : (status?.last ?? null);
  const [first, setFirst] = useState('');
  if (status && first === '') setFirst(status.version);
  const endedId = ended?.id;
  useEffect(() => {
    if (endedId) void queries.invalidateQueries({ queryKey: ['upgrade'] });
  }, [endedId, queries]);
  return {
    status,
    run,
    last,
    away: run !== null && (feed.connection === 'lost' || query.isError),
    outdated: status !== undefined && first !== '' && status.version !== first,
    error: run ? null : query.error,
    retry: () => void query.refetch(),
  };
}
