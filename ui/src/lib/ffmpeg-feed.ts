import { useEffect, useSyncExternalStore } from 'react';
import { EventLink, NOT_YET, type LinkState } from './event-link';
import type { Channel, Output, Programme, Transcode } from './ffmpeg-types';

interface Kinds {
  outputs: Output;
  programmes: Programme;
  channels: Channel;
  transcodes: Transcode;
}

type Kind = keyof Kinds;

/** Everything of each kind by id, in the server's order; null until it was told. */
export type FfmpegSnapshot = LinkState & { [K in Kind]: ReadonlyMap<string, Kinds[K]> | null } & {
  /** Date.now() of the last event; null before the first. */
  heardAt: number | null;
};

const KINDS = ['outputs', 'programmes', 'channels', 'transcodes'] as const satisfies readonly Kind[];
const START: FfmpegSnapshot = { ...NOT_YET, outputs: null, programmes: null, channels: null, transcodes: null, heardAt: null };

// Even when nothing changes the server says so every 5 s; silence means a dead connection that TCP has not noticed.
const SILENCE_MS = 20_000;

/** Live state of outputs, programmes, channels and transcodes (`ffmpeg/live`), connected while somebody looks. */
class FfmpegFeed extends EventLink<FfmpegSnapshot> {
  private followers = 0;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super('ffmpeg/live', START);
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    // The first event of a connection is everything; what was removed while there was none is not told.
    const fresh = new Set<Kind>(KINDS);
    for (const kind of KINDS) {
      on<Record<string, { id: string }[]> & { removed?: string[] }>(kind, (data) => {
        const told = (data[kind] ?? []).map((one) => [one.id, one] as const);
        // A kind that tells of what is gone tells only of what changed; any other tells everything.
        const whole = fresh.delete(kind) || data.removed === undefined;
        const known = new Map<string, { id: string }>(whole ? told : [...(this.snapshot[kind] ?? []), ...told]);
        for (const id of data.removed ?? []) known.delete(id);
        this.update({ [kind]: known, heardAt: Date.now() } as Partial<FfmpegSnapshot>);
        clearTimeout(this.silenceTimer);
        this.silenceTimer = setTimeout(() => this.lose(), SILENCE_MS);
      });
    }
  }

  protected override disconnect(): void {
    clearTimeout(this.silenceTimer);
    super.disconnect();
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

const feed = new FfmpegFeed();

/** The newest live state below `ffmpeg/`; every user on the screen shares one connection. */
export function useFfmpegFeed(): FfmpegSnapshot {
  useEffect(() => feed.follow(), []);
  return useSyncExternalStore(feed.subscribe, feed.read);
}
