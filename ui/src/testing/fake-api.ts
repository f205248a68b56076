import { vi } from 'vitest';
import { DASHBOARD, ENVS, playRule, PUBLISH_RULES, STATUS } from './samples';

type Body = Record<string, unknown>;
type Answer = unknown | ((body: Body) => unknown);

/** An answer that is an error, as the API words it. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly key: string,
    readonly message = key,
    readonly headers: Record<string, string> = {},
  ) {}
}

export interface Call {
  path: string;
  body: Body;
}

const SIGNED_IN: Record<string, Answer> = {
  'mgmt/init': { init: true, setup_code_required: false },
  'mgmt/envs': ENVS,
  'mgmt/beian/query': { icp: null, title: null, police: null, more: {} },
  'mgmt/status': STATUS,
  'mgmt/dashboard/summary': () => ({ ...DASHBOARD, at_ms: Date.now() }),
  'mgmt/streams/query': { streams: [] },
  'mgmt/streams/kickoff': null,
  'mgmt/logout': null,
  'hooks/srs/secret/query': { publish: 'abc123' },
  'hooks/srs/secret/update': {},
  'hooks/play/preview': { pass: 'preview-pass' },
  'hooks/store/query': { state: 'ready' },
  'hooks/streams/list': { streams: [] },
  'hooks/publish/rules/query': PUBLISH_RULES,
  'hooks/play/rule/query': playRule({ inherited: true }),
  'hooks/keys/list': { keys: [] },
  'hooks/play/passes/list': { passes: [] },
  'hooks/viewers/query': { viewers: [], total: 0, cursor: null },
  'ffmpeg/demo/query': { enabled: false, state: 'off', since_ms: 0, detail: '' },
  'ffmpeg/demo/update': (body: Body) => ({ enabled: body.enabled, state: 'starting', since_ms: 0, detail: '' }),
};

/** Stand in for the server: answers by path below the API's root; returns the calls it saw, a query as body. */
export function fakeApi(answers: Record<string, Answer> = {}): Call[] {
  const calls: Call[] = [];
  const all = { ...SIGNED_IN, ...answers };
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    if (init.signal?.aborted) return Promise.reject(init.signal.reason as Error);
    const [path = '', query = ''] = String(url).replace('/terraform/v1/', '').split('?');
    const body = (init.body ? JSON.parse(String(init.body)) : Object.fromEntries(new URLSearchParams(query))) as Body;
    calls.push({ path, body });
    const found = path in all ? all[path] : new Refusal(404, 'unknown_path');
    const answer = typeof found === 'function' ? (found as (body: Body) => unknown)(body) : found;
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer instanceof Response ? answer : toResponse(answer));
  });
  return calls;
}

function toResponse(answer: unknown): Response {
  if (answer instanceof Refusal) {
    const { key, message, status, headers } = answer;
    return Response.json({ code: 4000, data: { message, help: '', key } }, { status, headers });
  }
  return Response.json({ code: 0, data: answer });
}
