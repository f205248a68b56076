import type { Envs } from './api-types';
import { rtmpServer } from './publish-addresses';
import type { StreamRef } from './queries';
import { playbackSource, streamUrls } from './stream-urls';

export interface ShareLinks {
  watch: string;
  embed: string;
  hls: string;
  flv: string;
  /** null where the stream cannot be had this way. */
  rtmp: string | null;
  srt: string | null;
}

/** The application under which streams go by playback id; web addresses only. */
export const BY_PLAYBACK_ID = 's';

/** Every address of a stream with `pass` (may be empty) in it; RTMP and SRT once `envs` are known. */
export function shareLinks({ app, stream }: StreamRef, pass: string, envs: Envs | undefined, at: Location | URL = location): ShareLinks {
  const { hls, flv } = playbackSource(app, stream, pass, at.origin);
  const { watch, embed } = streamUrls(app, stream, at.origin);
  const query = pass === '' ? '' : `?pass=${encodeURIComponent(pass)}`;
  const byName = app !== BY_PLAYBACK_ID && envs !== undefined;
  return {
    watch: watch + query,
    embed: embed.replace(watch, watch + query),
    hls,
    flv,
    rtmp: byName ? `${rtmpServer(envs, app, at)}/${stream}${query}` : null,
    srt:
      byName && envs.capabilities.srt
        ? `srt://${at.hostname}:${envs.srtPort}?streamid=#!::r=${app}/${stream},m=request${pass && `,pass=${pass}`}`
        : null,
  };
}
