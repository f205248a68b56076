import { useEffect, useSyncExternalStore } from 'react';
import { EventLink, NOT_YET, type LinkState } from '../../../lib/event-link';
import type { PullEvent } from '../../../lib/house-types';

interface PullSnapshot extends LinkState {
  /** The newest word on each image that is being fetched, by service. */
  pulls: ReadonlyMap<string, PullEvent>;
}

const START: PullSnapshot = { ...NOT_YET, pulls: new Map() };

/** How far images are that are being fetched (`containers/progress`), connected while somebody looks. */
class PullFeed extends EventLink<PullSnapshot> {
  private followers = 0;

  constructor() {
    super('mgmt/containers/progress', START);
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    on<PullEvent>('pull', (pull) => this.update({ pulls: new Map([...this.snapshot.pulls, [pull.name, pull]]) }));
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

const feed = new PullFeed();

export function usePulls(): ReadonlyMap<string, PullEvent> {
  useEffect(() => feed.follow(), []);
  return useSyncExternalStore(feed.subscribe, feed.read).pulls;
}
