import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import type { LoggedSession, ViewerStats } from '../lib/api-types';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';

const drawn: { label: string; times: number[]; describe: (at: number) => string }[] = [];
// Draws on a canvas, which only a real browser has.
vi.mock('../components/time-series', () => ({
  TimeSeries: (props: (typeof drawn)[number]) => {
    drawn.push(props);
    return <div role="img" aria-label={props.label} />;
  },
}));

const NOW = Date.now();

const STATS: ViewerStats = {
  step_s: 60,
  points: [
    { at_ms: NOW - 120_000, viewers: 2, peak: 5 },
    { at_ms: NOW - 60_000, viewers: 3, peak: 4 },
  ],
  peak: 5,
  watch_s: 7_200,
  sessions: 8,
  protocols: [
    { protocol: 'hls', sessions: 6, watch_s: 6_000 },
    { protocol: 'flv', sessions: 2, watch_s: 1_200 },
  ],
  countries: [
    { country: 'CH', sessions: 7 },
    { country: null, sessions: 1 },
  ],
};
const NOTHING: ViewerStats = { ...STATS, points: [], peak: 0, watch_s: 0, sessions: 0, protocols: [], countries: [] };

function session(change: Partial<LoggedSession> = {}): LoggedSession {
  return {
    client_id: 'c1',
    kind: 'play',
    app: 'live',
    stream: 'show',
    protocol: 'hls',
    ip: '192.0.2.7',
    country: 'CH',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    started_ms: NOW - 600_000,
    ended_ms: NOW - 535_000,
    send_bytes: 3_214_000,
    recv_bytes: 0,
    reason: 'kicked',
    ...change,
  };
}

async function open(path: string, answers: Parameters<typeof fakeApi>[0] = {}) {
  drawn.length = 0;
  const calls = fakeApi({
    'mgmt/stats/viewers': STATS,
    'mgmt/stats/streams': { streams: [{ app: 'live', stream: 'show', sessions: 8, watch_s: 7_200, peak: 5, publish_s: 3_600 }] },
    'mgmt/stats/sessions': { sessions: [session()], cursor: null },
    'hooks/streams/list': { streams: [] },
    ...answers,
  });
  const { user } = renderApp(path);
  await goLive([]);
  return { user, calls, asked: (name: string) => calls.filter((call) => call.path === `mgmt/stats/${name}`).map(({ body }) => body) };
}

describe('statistics of all streams', () => {
  test('show the course, the figures, how and where people watch', async () => {
    await open('/streams/statistics');
    expect(await screen.findByRole('img', { name: /^Viewers from .* at most 5 at once$/ })).toBeVisible();
    expect(drawn.at(-1)?.describe(1)).toMatch(/: 3 viewers, at most 4 around then$/);
    const facts = screen.getByRole('region', { name: 'Viewers over time' });
    for (const text of ['5', '2:00:00', '8', '15:00']) expect(within(facts).getByText(text)).toBeVisible();
    expect(within(screen.getByRole('region', { name: 'How they watch' })).getByText('HTTP-FLV')).toBeVisible();
    const where = screen.getByRole('region', { name: 'Where from' });
    expect(within(where).getByText('Switzerland')).toBeVisible();
    expect(within(where).getByText('Unknown')).toBeVisible();
    expect(await screen.findByRole('link', { name: 'live/show' })).toHaveAttribute('href', '/mgmt/streams/live/show');
  });

  test('are asked for the span that is chosen', async () => {
    const { user, asked } = await open('/streams/statistics');
    await user.click(await screen.findByRole('radio', { name: '7 days' }));
    await waitFor(() => {
      const last = asked('viewers').at(-1) as { from_ms: number; to_ms: number };
      expect(Math.round((last.to_ms - last.from_ms) / 86_400_000)).toBe(7);
    });
  });

  test('say that nobody watched, and how countries come', async () => {
    await open('/streams/statistics', { 'mgmt/stats/viewers': NOTHING, 'mgmt/stats/sessions': { sessions: [], cursor: null }, 'mgmt/stats/streams': { streams: [] } });
    expect(await screen.findByText('Nobody watched in this time')).toBeVisible();
    expect(screen.getByText(/once this installation has a GeoIP database/)).toBeVisible();
    expect(await screen.findByText('No sessions in this time')).toBeVisible();
    expect(drawn).toHaveLength(0);
  });

  test('a failure is told with a way to try again', async () => {
    let broken = true;
    const { user } = await open('/streams/statistics', { 'mgmt/stats/viewers': () => (broken ? new Refusal(400, 'invalid', 'the range is longer than 90 days') : STATS) });
    expect(await screen.findByText('the range is longer than 90 days')).toBeVisible();
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('img', { name: /Viewers from/ })).toBeVisible();
  });
});

describe('the session log', () => {
  test('tells who, from where, how long, how much and why it ended', async () => {
    await open('/streams/statistics', {
      'mgmt/stats/sessions': {
        sessions: [session(), session({ client_id: 'c2', kind: 'publish', protocol: 'rtmp', ended_ms: null, country: null, recv_bytes: 999, user_agent: '' })],
        cursor: null,
      },
    });
    const rows = within(await screen.findByRole('table', { name: 'Session log' })).getAllByRole('row').slice(1);
    expect(rows[0]).toHaveTextContent(/Viewer · HLS.*live\/show.*192\.0\.2\.7 · Switzerland.*10 minutes ago.*1:05.*3\.2 MB.*Chrome 142.*Disconnected by the operator/);
    expect(rows[1]).toHaveTextContent(/Publisher · RTMP.*still on.*999 B/);
  });

  test('shows viewers or publishers alone', async () => {
    const { user, asked } = await open('/streams/statistics');
    await user.selectOptions(await screen.findByLabelText('Show'), 'Publishers');
    await waitFor(() => expect(asked('sessions').at(-1)).toMatchObject({ kind: 'publish', limit: 50 }));
  });

  test('has more pages', async () => {
    const { user } = await open('/streams/statistics', {
      'mgmt/stats/sessions': ({ cursor }: { cursor?: string }) =>
        cursor ? { sessions: [session({ client_id: 'c2', ip: '198.51.100.0/24' })], cursor: null } : { sessions: [session()], cursor: '5.1' },
    });
    await user.click(await screen.findByRole('button', { name: 'Older' }));
    expect(await screen.findByText(/198\.51\.100\.0\/24/)).toBeVisible();
    expect(screen.getByText(/192\.0\.2\.7/)).toBeVisible();
  });
});

test('the page of a stream has its own statistics', async () => {
  const { asked } = await open('/streams/live/show/statistics');
  expect(await screen.findByRole('img', { name: /Viewers from/ })).toBeVisible();
  expect(asked('viewers').at(-1)).toMatchObject({ app: 'live', stream: 'show' });
  expect(asked('sessions').at(-1)).toMatchObject({ app: 'live', stream: 'show' });
  expect(screen.queryByRole('region', { name: 'By stream' })).toBeNull();
});
