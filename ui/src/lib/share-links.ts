import type { Envs } from './api-types';
import { rtmpServer } from './publish-addresses';
import type { StreamRef } from './queries';
import { playbackSource, streamUrls } from './stream-urls';
import { vodUrls } from './vod-urls';

export interface ShareLinks {
  watch: string;
  embed: string;
  hls: string;
  /** null where it cannot be had this way. */
  flv: string | null;
  mp4: string | null;
  rtmp: string | null;
  srt: string | null;
}

/** The application under which streams go by playback id; web addresses only. */
export const BY_PLAYBACK_ID = 's';

/** The application under which recordings go by id; web addresses only. */
export const VOD_APP = 'vod';

/** Every address of a stream or recording with `pass` (may be empty) in it; RTMP and SRT once `envs` are known. */
export function shareLinks({ app, stream }: StreamRef, pass: string, envs: Envs | undefined, at: Location | URL = location): ShareLinks {
  if (app === VOD_APP) {
    const { watch, embed, hls, mp4 } = vodUrls(stream, pass, at.origin);
    return { watch, embed, hls, mp4, flv: null, rtmp: null, srt: null };
  }
  const { hls, flv } = playbackSource(app, stream, pass, at.origin);
  const { watch, embed } = streamUrls(app, stream, at.origin);
  const query = pass === '' ? '' : `?pass=${encodeURIComponent(pass)}`;
  const byName = app !== BY_PLAYBACK_ID && envs !== undefined;
  return {
    watch: watch + query,
    embed: embed.replace(watch, watch + query),
    hls,
    flv,
    mp4: null,
    rtmp: byName ? `${rtmpServer(envs, app, at)}/${stream}${query}` : null,
    srt:
      byName && envs.capabilities.srt
        ? `srt://${at.hostname}:${envs.srtPort}?streamid=#!::r=${app}/${stream},m=request${pass && `,pass=${pass}`}`
        : null,
  };
}
