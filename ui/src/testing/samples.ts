import type { Envs, KnownStream, Pass, PlayRule, PublishKey, PublishRules, Service, Stream, SystemStatus, Viewer } from '../lib/api-types';
import type { Dashboard } from '../lib/monitor-types';

export const ENVS: Envs = {
  mgmtDocker: false,
  platformDocker: false,
  candidate: false,
  rtmpPort: '1935',
  httpPort: '2022',
  srtPort: '10080',
  rtcPort: '8000',
  https: false,
  rtmpsPort: '',
  title: '',
  icp: '',
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

export function knownStream(name: string, change: Partial<KnownStream> = {}): KnownStream {
  return {
    app: 'live',
    stream: name,
    url: `live/${name}`,
    title: '',
    description: '',
    playback_id: `id-of-${name}`,
    enabled: true,
    own_keys_only: false,
    max_kbps: 0,
    created_ms: Date.now() - 3 * 86_400_000,
    ...change,
  };
}

export const PUBLISH_RULES: PublishRules = {
  no_auth: false,
  known_only: false,
  secret_in_name: false,
  max_streams: 0,
  max_kbps: 0,
  max_attempts: 30,
  kick_block_s: 10,
};

export function publishKey(label: string, change: Partial<PublishKey> = {}): PublishKey {
  return {
    id: `key-${label}`,
    app: 'live',
    stream: 'show',
    label,
    hint: '9f3a',
    enabled: true,
    created_ms: Date.now() - 86_400_000,
    expires_ms: null,
    last_used_ms: null,
    last_used_ip: null,
    ...change,
  };
}

export function playRule(change: Partial<PlayRule> = {}): PlayRule {
  return { kind: 'public', inherited: false, generation: 1, passphrase_set: false, webhook_url: '', webhook_secret_set: false, allow_private: false, ...change };
}

export function pass(label: string, change: Partial<Pass> = {}): Pass {
  return {
    id: `pass-${label}`,
    app: 'live',
    stream: 'show',
    label,
    created_ms: Date.now() - 86_400_000,
    expires_ms: null,
    revoked: false,
    max_viewers: 0,
    uses: 0,
    last_used_ms: null,
    ...change,
  };
}

export function viewer(client_id: string, change: Partial<Viewer> = {}): Viewer {
  return {
    client_id,
    app: 'live',
    stream: 'show',
    url: 'live/show',
    protocol: 'hls',
    ip: '198.51.100.4',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    since_ms: Date.now() - 62_000,
    pass_id: '',
    pass_label: null,
    send_bytes: 12_400_000,
    ...change,
  };
}

export const DASHBOARD: Dashboard = {
  at_ms: Date.now(),
  sentence: { level: 'ok', parts: [{ key: 'streams_live', params: { count: 0 } }] },
  cpu_percent: 21.4,
  cores: 2,
  load1: 0.42,
  memory: { used_bytes: 1_200_000_000, total_bytes: 4_000_000_000 },
  swap: { used_bytes: 0, total_bytes: 0 },
  disks: [{ path: '/data', used_bytes: 30_000_000_000, total_bytes: 80_000_000_000, full_in_days: 19.4 }],
  network: { interface: 'eth0', rx_bps: 3_200_000, tx_bps: 12_400_000 },
  traffic: {
    month: '2026-11-01',
    interface: 'eth0',
    rx_bytes: 90_000_000_000,
    tx_bytes: 410_000_000_000,
    used_bytes: 410_000_000_000,
    quota_bytes: null,
    forecast_bytes: null,
    resets_on: '2026-12-01',
    since: '',
  },
  streams: 0,
  viewers: 0,
  outputs: { live: 0, retrying: 0, failed: 0 },
  recordings: { active: 0 },
  uptime_s: 200_000,
  alerts: { critical: 0, warning: 0 },
  incidents: [],
  prometheus: { on: false, reason: '' },
};
