import type { Envs } from '../../lib/api-types';

export interface IngestAddresses {
  rtmpServer: string;
  streamKey: string;
  rtmpUrl: string;
  srtUrl: string;
  whipUrl: string;
  ffmpegFile: string;
  ffmpegTest: string;
}

export const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const APP = 'live';
const RTMP_PORT = '1935';

// Two seconds between key frames suit HLS segments and every player's start.
const ENCODE = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 3000k -r 30 -g 60 -c:a aac -b:a 128k -ar 48000';

/** Everything an encoder wants to know. Give MASK as the secret to get what may be shown. */
export function ingestAddresses(envs: Envs, name: string, secret: string, at: Location | URL = location): IngestAddresses {
  const rtmpServer = `rtmp://${at.hostname}${envs.rtmpPort === RTMP_PORT ? '' : `:${envs.rtmpPort}`}/${APP}`;
  const streamKey = `${name}?secret=${secret}`;
  const rtmpUrl = `${rtmpServer}/${streamKey}`;
  return {
    rtmpServer,
    streamKey,
    rtmpUrl,
    srtUrl: `srt://${at.hostname}:${envs.srtPort}?streamid=#!::r=${APP}/${name},secret=${secret},m=publish`,
    whipUrl: `${at.origin}/rtc/v1/whip/?app=${APP}&stream=${name}`,
    ffmpegFile: `ffmpeg -re -i video.mp4 ${ENCODE} -f flv '${rtmpUrl}'`,
    ffmpegTest:
      'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 ' +
      `${ENCODE} -f flv '${rtmpUrl}'`,
  };
}

export const MASK = '••••••••';
