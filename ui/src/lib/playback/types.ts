export type Method = 'whep' | 'flv' | 'hls' | 'native';

/** `instant`: WebRTC, a fraction of a second behind; `low`: about one; `steady`: some, with fewest interruptions. */
export type Delay = 'instant' | 'low' | 'steady';

export interface PlaybackState {
  phase: 'connecting' | 'playing' | 'retrying';
  method: Method;
}

/** One way to play: fill `video` from `url`, call `fail` once when it cannot go on, return how to stop. */
export type Attach = (video: HTMLVideoElement, url: string, fail: (reason: string) => void) => Promise<() => void>;
