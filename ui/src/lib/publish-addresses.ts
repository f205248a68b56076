import type { Envs } from './api-types';

export interface PublishAddresses {
  rtmpServer: string;
  streamKey: string;
  rtmpUrl: string;
  srtUrl: string;
  whipUrl: string;
  ffmpegFile: string;
  ffmpegTest: string;
}

/** What a stream and an application may be called. */
export const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const RTMP_PORT = '1935';

// Two seconds between key frames suit HLS segments and every player's start.
const ENCODE = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 3000k -r 30 -g 60 -c:a aac -b:a 128k -ar 48000';

export interface PublishTarget {
  app: string;
  stream: string;
  secret: string;
}

/** The RTMP address of an application, the port only where it is unusual. */
export function rtmpServer(envs: Envs, app: string, at: Location | URL = location): string {
  return `rtmp://${at.hostname}${envs.rtmpPort === RTMP_PORT ? '' : `:${envs.rtmpPort}`}/${app}`;
}

/** Everything an encoder wants to know. Give MASK as the secret to get what may be shown. */
export function publishAddresses(envs: Envs, { app, stream, secret }: PublishTarget, at: Location | URL = location): PublishAddresses {
  const server = rtmpServer(envs, app, at);
  const streamKey = `${stream}?secret=${secret}`;
  const rtmpUrl = `${server}/${streamKey}`;
  return {
    rtmpServer: server,
    streamKey,
    rtmpUrl,
    srtUrl: `srt://${at.hostname}:${envs.srtPort}?streamid=#!::r=${app}/${stream},secret=${secret},m=publish`,
    whipUrl: `${at.origin}/rtc/v1/whip/?app=${app}&stream=${stream}`,
    ffmpegFile: `ffmpeg -re -i video.mp4 ${ENCODE} -f flv '${rtmpUrl}'`,
    ffmpegTest:
      'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 ' +
      `${ENCODE} -f flv '${rtmpUrl}'`,
  };
}

export const MASK = '••••••••';
