import { act, screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Dashboard } from '../lib/monitor-types';
import { fakeApi, Refusal } from '../testing/fake-api';
import { alert } from '../testing/monitor-samples';
import { goLive, renderApp } from '../testing/render';
import { DASHBOARD, stream } from '../testing/samples';

const now = (change: Partial<Dashboard> = {}): Dashboard => ({ ...DASHBOARD, at_ms: Date.now(), ...change });

async function open(summary: Dashboard, streams = [stream()]) {
  fakeApi();
  const { user } = renderApp('/');
  const source = await goLive(streams);
  act(() => source.send('summary', summary));
  return { user, source };
}

describe('Home', () => {
  test('is the first place and says in one sentence how the house is', async () => {
    await open(
      now({
        viewers: 3,
        sentence: { level: 'ok', parts: [{ key: 'all_well', params: {} }, { key: 'streams_live', params: { count: 2 } }, { key: 'outputs_live', params: { count: 1 } }] },
      }),
    );
    const title = await screen.findByRole('heading', { level: 1, name: 'Everything is all right' });
    const head = title.closest('header')!;
    expect(within(head).getByRole('link', { name: '2 streams live' })).toHaveAttribute('href', '/mgmt/streams');
    expect(within(head).getByRole('link', { name: '1 output arrives' })).toHaveAttribute('href', '/mgmt/outputs');
    expect(head).toHaveTextContent('3 viewers');
    const places = within(screen.getByRole('navigation', { name: 'Main' })).getAllByRole('link');
    expect(places[0]).toHaveAccessibleName('Home');
    expect(places[0]).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('region', { name: 'Live stream live/livestream' })).toBeVisible();
  });

  test('names what is wrong, leads to where it is put right and tells what to do', async () => {
    const params = { path: '/data', free_percent: 8, free_gb: 5.2 };
    const { source } = await open(now({ sentence: { level: 'warn', parts: [{ key: 'disk_low', params }, { key: 'nobody_live', params: {} }] } }));
    act(() => source.send('alerts', { alerts: [alert('disk_low'), alert('cpu_high', { state: 'pending' }), alert('load_high', { acknowledged: true })] }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Worth a look' })).toBeVisible();
    const sentence = 'The disk /data has 8 % left (5.2 GB).';
    expect(screen.getByRole('link', { name: sentence })).toHaveAttribute('href', '/mgmt/recordings/retention');
    const wrong = within(await screen.findByRole('region', { name: 'What needs you' }));
    expect(wrong.getAllByRole('listitem')).toHaveLength(1);
    expect(wrong.getByText(/^Delete recordings/)).toBeVisible();
    expect(wrong.getByText('Warning')).toBeVisible();
    expect(wrong.getByRole('link', { name: `Look at it: ${sentence}` })).toHaveAttribute('href', '/mgmt/recordings/retention');
  });

  test('says how old its news is, without colour, when nothing fresh comes', async () => {
    await open(now({ at_ms: Date.now() - 14_000 }));
    expect(await screen.findByRole('heading', { level: 1, name: 'No fresh news' })).toBeVisible();
    expect(screen.getByText(/last seen 1[45] s ago/)).toBeVisible();
  });

  test('shows how busy the machine is and what the month will come to', async () => {
    await open(
      now({
        disks: [{ path: '/data', used_bytes: 77_000_000_000, total_bytes: 80_000_000_000, full_in_days: 2.6 }],
        traffic: { ...DASHBOARD.traffic, quota_bytes: 500_000_000_000, forecast_bytes: 600_000_000_000 },
      }),
    );
    const machine = within(await screen.findByRole('region', { name: 'The machine' }));
    expect(machine.getByRole('meter', { name: 'Processor' })).toHaveAttribute('aria-valuenow', '21');
    expect(machine.getByText('1.2 GB of 4.0 GB')).toBeVisible();
    expect(machine.getByText('full in 2 days at this rate')).toBeVisible();
    expect(machine.getByText('Nearly full')).toBeVisible();
    expect(machine.getByText('↑ 12.4 ↓ 3.2 Mbit/s')).toBeVisible();
    expect(machine.getByText('410.0 GB of 500.0 GB')).toBeVisible();
    expect(machine.getByText('about 600.0 GB by the end')).toBeVisible();
    expect(machine.getByText('Gets tight')).toBeVisible();
    expect(machine.getByRole('link', { name: 'Settings' })).toHaveAttribute('href', '/mgmt/system/monitoring#traffic');
  });

  test('tells what has happened, alerts in their own words', async () => {
    await open(
      now({
        incidents: [
          { at_ms: Date.now() - 60_000, level: 'info', key: 'stream_published', params: { stream: 'live/show' }, event: 'stream.published' },
          { at_ms: Date.now() - 120_000, level: 'critical', key: 'alert_firing', params: { rule: 'service_down', service: 'hooks', reason: 'exit status 1', text: '' }, event: 'alert.firing' },
          { at_ms: Date.now() - 180_000, level: 'info', key: 'alert_cleared', params: { rule: 'service_down', text: '' }, event: 'alert.cleared' },
        ],
      }),
    );
    const list = within(await screen.findByRole('region', { name: 'What has happened' }));
    expect(list.getByRole('link', { name: 'live/show went live' })).toHaveAttribute('href', '/mgmt/streams');
    expect(list.getByRole('link', { name: 'hooks does not run: exit status 1' })).toHaveAttribute('href', '/mgmt/system');
    expect(list.getByText('Critical')).toBeVisible();
    expect(list.getByText('Over: Service down')).toBeVisible();
  });

  test('offers first steps while nothing is live', async () => {
    await open(now(), []);
    const steps = within(await screen.findByRole('list', { name: 'First steps' }));
    expect(steps.getByRole('link', { name: /Send a picture/ })).toHaveAttribute('href', '/mgmt/streams');
    expect(steps.getByRole('link', { name: /Be told/ })).toHaveAttribute('href', '/mgmt/system/alerts');
    expect(await screen.findByRole('switch', { name: 'Demo picture' })).toBeVisible();
  });

  test('says why it knows nothing, and asks again', async () => {
    let broken = true;
    fakeApi({ 'mgmt/dashboard/summary': () => (broken ? new Refusal(400, 'redis_unavailable') : now()) });
    const { user } = renderApp('/');
    await goLive([]);
    expect(await screen.findByText('The store of settings does not answer.')).toBeVisible();
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Everything is all right' })).toBeVisible();
  });
});
