import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { HouseService } from '../lib/house-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { houseService } from '../testing/house-samples';
import { goLive, renderApp } from '../testing/render';
import { service, stream } from '../testing/samples';

const changes = (calls: Call[]) => calls.filter(({ path, body }) => path === 'mgmt/containers' && !['query', 'logs'].includes(String(body.action))).map(({ body }) => body);

async function open(services: HouseService[], streams = 0) {
  const calls = fakeApi({
    'mgmt/containers': ({ action }: { action?: string }) => (action === 'query' ? services : action === 'logs' ? { lines: ['one', 'two'] } : null),
  });
  const { user } = renderApp('/system');
  await goLive(
    Array.from({ length: streams }, (_, at) => stream(`s${at}`)),
    services.map(({ name, state, detail }) => service(name, state, detail)),
  );
  return { user, calls, show: async (name: string) => (await user.click(await screen.findByRole('button', { name })), screen.findByRole('dialog', { name })) };
}

describe('services', () => {
  test('tell state, CPU and memory, and what is switched off', async () => {
    await open([houseService('redis'), houseService('prometheus', { state: 'off', enabled: false, cpu_percent: null, memory_bytes: null, detail: 'Less than 900 MB of memory.' })]);
    const row = await screen.findByRole('row', { name: /redis.*1\.3 %.*52\.0 MB/ });
    expect(within(row).getByText('Running')).toBeVisible();
    expect(within(screen.getByRole('row', { name: /prometheus/ })).getByText('Switched off')).toHaveAccessibleDescription('Less than 900 MB of memory.');
  });

  test('open with facts, last words and the log', async () => {
    const { show } = await open([
      houseService('hooks', {
        ports: [{ port: 2021, proto: 'tcp', public: false }],
        last_exit: { at_ms: Date.now() - 30_000, status: 1, reason: 'Killed for using too much memory.', lines: ['MemoryError'] },
      }),
    ]);
    const drawer = await show('hooks');
    expect(within(drawer).getByText('2021/tcp this machine only')).toBeVisible();
    expect(within(drawer).getByText(/Killed for using too much memory/)).toBeVisible();
    expect(within(drawer).getByRole('log', { name: 'What it said last' })).toHaveTextContent('MemoryError');
    await waitFor(() => expect(within(drawer).getByRole('log', { name: 'Log' })).toHaveTextContent('one two'));
  });

  test('that nobody notices restart at once; the media server asks first and says whom it cuts', async () => {
    const { user, calls, show } = await open([houseService('platform'), houseService('media', { media_server: 'engine' })], 2);
    await user.click(within(await show('platform')).getByRole('button', { name: 'Restart' }));
    await waitFor(() => expect(changes(calls)).toEqual([{ action: 'restart', name: 'platform' }]));
    await user.keyboard('{Escape}');
    await user.click(within(await show('media')).getByRole('button', { name: 'Restart' }));
    const asked = await screen.findByRole('dialog', { name: 'Restart media?' });
    expect(within(asked).getByText(/Every stream is cut/)).toBeVisible();
    expect(within(asked).getByText('2 streams are live now and will be cut.')).toBeVisible();
    await user.click(within(asked).getByRole('button', { name: 'Restart' }));
    await waitFor(() => expect(changes(calls).at(-1)).toEqual({ action: 'restart', name: 'media', force: true }));
  });

  test('that can be spared are switched off and on', async () => {
    const { user, calls, show } = await open([houseService('prometheus', { can_disable: true })]);
    await user.click(within(await show('prometheus')).getByRole('button', { name: 'Switch off…' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Switch prometheus off?' })).getByRole('button', { name: 'Switch off…' }));
    await waitFor(() => expect(changes(calls)).toEqual([{ action: 'enabled', name: 'prometheus', enabled: false }]));
  });

  test('show how far a new image is', async () => {
    const { user, calls, show } = await open([houseService('redis', { kind: 'container', image: 'redis:7@sha256:00', can_rollback_image: true })]);
    const drawer = await show('redis');
    expect(within(drawer).getByRole('button', { name: 'Previous image…' })).toBeVisible();
    await user.click(within(drawer).getByRole('button', { name: 'Fetch image…' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Fetch a newer image of redis?' })).getByRole('button', { name: 'Fetch image…' }));
    await waitFor(() => expect(changes(calls)).toEqual([{ action: 'upgrade', name: 'redis' }]));
    const source = await waitFor(() => FakeEventSource.to('mgmt/containers/progress'));
    act(() => source.send('pull', { name: 'redis', image: 'redis:7', done_bytes: 5_000_000, total_bytes: 20_000_000, state: 'running', message: '', at_ms: Date.now() }));
    expect(await within(drawer).findByRole('progressbar', { name: 'Fetching redis:7' })).toHaveAttribute('aria-valuenow', '25');
  });

  test('another media server is chosen by name', async () => {
    const { user, calls, show } = await open([houseService('media', { media_server: 'engine' })]);
    await user.click(within(await show('media')).getByRole('button', { name: 'Other server…' }));
    const asked = await screen.findByRole('dialog', { name: 'Which media server?' });
    expect(within(asked).getByRole('radio', { name: 'Embedded engine' })).toBeChecked();
    await user.click(within(asked).getByRole('radio', { name: 'SRS 6' }));
    await user.click(within(asked).getByRole('button', { name: 'Switch media server' }));
    await waitFor(() => expect(changes(calls)).toEqual([{ action: 'switch', name: 'srs-dev' }]));
  });

  test('stay in sight by their live states while the host service is away', async () => {
    fakeApi({ 'mgmt/containers': new Refusal(400, 'host_away', 'The host service does not answer.') });
    renderApp('/system');
    await goLive([], [service('redis'), service('media', 'backoff', 'exit status 1')]);
    expect(await screen.findByRole('row', { name: /media.*Waiting to restart/ })).toBeVisible();
    expect(await screen.findByText('The host service does not answer.')).toBeVisible();
  });
});
