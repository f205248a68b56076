import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import type { DashboardSeries, TrafficSettings } from '../lib/monitor-types';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';
import { DASHBOARD } from '../testing/samples';

// Draws on a canvas, which only a real browser has.
vi.mock('../components/time-series', () => ({
  TimeSeries: ({ label, describe: told }: { label: string; describe: (at: number) => string }) => <div role="img" aria-label={`${label}; ${told(0)}`} />,
}));

const SERIES: DashboardSeries = {
  source: 'own',
  step_s: 5,
  from_ms: 1_700_000_000_000,
  series: [
    { name: 'cpu', unit: 'percent', points: [[1_700_000_000_000, 12.3], [1_700_000_005_000, null]] },
    { name: 'memory', unit: 'percent', points: [[1_700_000_000_000, 40]] },
    { name: 'net_tx', unit: 'bps', points: [[1_700_000_000_000, 12_400_000]] },
    { name: 'viewers', unit: 'count', points: [[1_700_000_000_000, null]] },
  ],
};
const TRAFFIC: TrafficSettings = { quota_gb: null, resets_on_day: 1, count: 'out', interface: '', interfaces: ['eth0', 'wg0'], traffic: DASHBOARD.traffic };

async function open(answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({ 'mgmt/dashboard/series': SERIES, 'mgmt/traffic/query': TRAFFIC, ...answers });
  const { user } = renderApp('/system/monitoring');
  await goLive([]);
  return { user, sent: (path: string) => calls.filter((call) => call.path === path).map(({ body }) => body) };
}

describe('graphs', () => {
  test('tell their source, draw what was measured and say where nothing was', async () => {
    await open();
    expect(await screen.findByText('From our own notes')).toBeVisible();
    expect(await screen.findByRole('img', { name: /^Processor, Memory from .*Processor 12 % · Memory 40 %$/ })).toBeVisible();
    expect(screen.getByRole('img', { name: /Out 12\.4 Mbit\/s$/ })).toBeVisible();
    const audience = screen.getByRole('region', { name: 'Viewers and streams' });
    expect(within(audience).getByText('Nothing measured in this time.')).toBeVisible();
  });

  test('are asked for the span that is chosen', async () => {
    const { user, sent } = await open();
    await user.click(await screen.findByRole('radio', { name: '30 days' }));
    await waitFor(() => expect(sent('mgmt/dashboard/series').at(-1)).toEqual({ range: '30d' }));
  });
});

describe('Prometheus', () => {
  test('is a click away where it is on', async () => {
    await open({ 'mgmt/dashboard/summary': () => ({ ...DASHBOARD, at_ms: Date.now(), prometheus: { on: true, reason: '' } }) });
    expect(await screen.findByRole('link', { name: 'Open Prometheus' })).toHaveAttribute('href', '/prometheus/');
  });

  test('is switched on with what it needs, and a refusal is told', async () => {
    const { user, sent } = await open({
      'mgmt/dashboard/summary': () => ({ ...DASHBOARD, at_ms: Date.now(), prometheus: { on: false, reason: 'switched off' } }),
      'mgmt/containers': ({ name }: { name?: string }) => (name === 'prometheus' ? new Refusal(409, 'conflict', 'prometheus is not installed') : null),
    });
    expect(await screen.findByText('switched off')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Switch on' }));
    expect(await screen.findByText('prometheus is not installed')).toBeVisible();
    expect(sent('mgmt/containers').map(({ name }) => name)).toEqual(['node_exporter', 'prometheus']);
  });
});

test('the traffic quota is set as the bill has it', async () => {
  const { user, sent } = await open({ 'mgmt/traffic/update': { ...TRAFFIC, quota_gb: 1000 } });
  const card = within(await screen.findByRole('region', { name: 'Traffic quota' }));
  await user.type(await card.findByLabelText('Quota of a month, GB'), '1000');
  await user.selectOptions(card.getByLabelText('What counts'), 'Both ways');
  await user.click(card.getByRole('button', { name: 'Save quota' }));
  await waitFor(() => expect(sent('mgmt/traffic/update')).toEqual([{ quota_gb: 1000, count: 'both' }]));
});
