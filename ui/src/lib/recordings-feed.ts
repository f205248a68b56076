import { useEffect, useSyncExternalStore } from 'react';
import { EventLink, NOT_YET, type LinkState } from './event-link';
import type { Disk, Recording, StorageUpload } from './recording-types';

export interface RecordingsSnapshot extends LinkState {
  /** What changed since the connection stands, and what is active, by id: newer than any list. */
  recordings: ReadonlyMap<string, Recording>;
  /** Ids of what is gone since then. */
  removed: ReadonlySet<string>;
  /** All that is on its way into a bucket now, by the recording's id, the first 200; null until told. */
  uploads: ReadonlyMap<string, StorageUpload> | null;
  disk: Disk | null;
}

const START: RecordingsSnapshot = { ...NOT_YET, recordings: new Map(), removed: new Set(), uploads: null, disk: null };

/** Live state of recordings (`recordings/live`), connected while somebody looks. */
class RecordingsFeed extends EventLink<RecordingsSnapshot> {
  private followers = 0;

  constructor() {
    super('recordings/live', START);
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    on<{ recordings: Recording[]; removed: string[] }>('recordings', ({ recordings, removed }) => {
      const known = new Map([...this.snapshot.recordings, ...recordings.map((one) => [one.id, one] as const)]);
      for (const id of removed) known.delete(id);
      this.update({ recordings: known, removed: removed.length > 0 ? new Set([...this.snapshot.removed, ...removed]) : this.snapshot.removed });
    });
    on<{ uploads: StorageUpload[] }>('uploads', ({ uploads }) => {
      // What is over is not among them any more.
      this.update({ uploads: new Map(uploads.map((one) => [one.recording_id, one] as const)) });
    });
    on<Partial<Disk>>('disk', (disk) => {
      // Empty when the disk could not be asked.
      if (disk.level) this.update({ disk: disk as Disk });
    });
  }

  /** Stay connected until the answer is called. */
  follow(): () => void {
    this.followers += 1;
    if (this.followers === 1) this.start();
    return () => {
      this.followers -= 1;
      if (this.followers > 0) return;
      this.stop();
      // What changes while nobody looks is not told later.
      this.snapshot = START;
    };
  }
}

const feed = new RecordingsFeed();

/** The newest live state of recordings; every user on the screen shares one connection. */
export function useRecordingsFeed(): RecordingsSnapshot {
  useEffect(() => feed.follow(), []);
  return useSyncExternalStore(feed.subscribe, feed.read);
}
