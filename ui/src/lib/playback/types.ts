export type Method = 'flv' | 'hls' | 'native';

export interface PlaybackState {
  phase: 'connecting' | 'playing' | 'retrying';
  method: Method;
}

export interface PlaybackSource {
  flv: string;
  hls: string;
}

/** One way to play: fill `video` from `url`, call `fail` once when it cannot go on, return how to stop. */
export type Attach = (video: HTMLVideoElement, url: string, fail: (reason: string) => void) => Promise<() => void>;
