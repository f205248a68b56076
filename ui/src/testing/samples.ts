import type { Envs, Service, Stream, SystemStatus } from '../lib/api-types';

export const ENVS: Envs = {
  mgmtDocker: false,
  platformDocker: false,
  candidate: false,
  rtmpPort: '1935',
  httpPort: '2022',
  srtPort: '10080',
  rtcPort: '8000',
  https: false,
  mediaServer: 'embedded',
  capabilities: { srt: false, webrtc: false, hevc: false },
};

export function service(name: string, state = 'running', detail = ''): Service {
  return { name, state, since_ms: Date.now() - 60_000, restarts: 0, pid: 4711, detail };
}

export const STATUS: SystemStatus = {
  version: '0.1.0',
  releases: null,
  upgrading: false,
  strategy: 'manual',
  runtime: 'process',
  runtime_reason: 'No Docker Engine answers.',
  services: [service('redis'), service('media')],
};

export function stream(name = 'livestream', change: Partial<Stream> = {}): Stream {
  return {
    vhost: '__defaultVhost__',
    app: 'live',
    stream: name,
    url: `live/${name}`,
    param: '',
    server_id: 's',
    client_id: `client-${name}`,
    update: '',
    protocol: 'rtmp',
    ip: '192.0.2.7',
    since_ms: Date.now() - 65_000,
    viewers: { total: 3, rtmp: 0, srt: 0, webrtc: 0, flv: 1, hls: 2 },
    video: { codec: 'H.264', profile: 'High', level: '4.0', width: 1280, height: 720 },
    audio: { codec: 'AAC', profile: 'LC', sample_rate: 48000, channels: 2 },
    recv_kbps: 3214,
    send_kbps: 9000,
    facts_at_ms: Date.now(),
    ...change,
  };
}
