import { useEffect, useSyncExternalStore } from 'react';
import { EventLink, NOT_YET, type LinkState } from '../../../lib/event-link';
import type { UpgradeRun } from '../../../lib/house-types';
import { expectAway } from '../../../lib/planned-away';

export interface UpgradeSnapshot extends LinkState {
  /** The newest word on the run that is going on or ended last; null before one is told. */
  run: UpgradeRun | null;
}

const START: UpgradeSnapshot = { ...NOT_YET, run: null };

// A step that restarts services takes seconds; whoever is away longer is really away.
const AWAY_MS = 90_000;

/**
 * How an upgrade goes (`upgrade/progress`), connected while somebody looks. The API behind it is
 * renewed on the way: the last word stays until the connection is back.
 */
class UpgradeFeed extends EventLink<UpgradeSnapshot> {
  private followers = 0;

  constructor() {
    super('mgmt/upgrade/progress', START);
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    on<UpgradeRun>('run', (run) => {
      expectAway(isRunning(run) && !run.dry_run ? AWAY_MS : 0);
      this.update({ run });
    });
  }

  follow(): () => void {
    this.followers += 1;
    if (this.followers === 1) this.start();
    return () => {
      this.followers -= 1;
      if (this.followers > 0) return;
      this.stop();
      this.snapshot = START;
    };
  }
}

const feed = new UpgradeFeed();

export function useUpgradeFeed(): UpgradeSnapshot {
  useEffect(() => feed.follow(), []);
  return useSyncExternalStore(feed.subscribe, feed.read);
}

export function isRunning(run: UpgradeRun | null): boolean {
  return run !== null && run.result === '';
}
