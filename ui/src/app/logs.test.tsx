import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import { MOST_LINES } from '../features/logs/log-tail';
import type { LogEntry } from '../lib/monitor-types';
import { fakeApi } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { logLine } from '../testing/monitor-samples';
import { goLive, renderApp } from '../testing/render';

const SERVICES = ['front', 'hooks', 'media'];

function tailOf(query: string): FakeEventSource | undefined {
  return FakeEventSource.all.findLast(({ url, closed }) => !closed && url === `/terraform/v1/mgmt/logs/live?${query}`);
}

const ALL = 'services=&level=info&text=';

async function open(lines: LogEntry[], older: string | null = null) {
  const calls = fakeApi({
    'mgmt/logs/query': ({ before }: { before?: string }) =>
      before ? { lines: [logLine(0)], older: null, services: SERVICES, notes: [] } : { lines, older, services: SERVICES, notes: [] },
  });
  const { user } = renderApp('/system/logs');
  await goLive([]);
  const log = await screen.findByRole('log', { name: 'Lines of the logs' });
  const texts = () => within(log).queryAllByRole('button').filter((one) => one.querySelector('time')).map((one) => one.textContent);
  return { user, log, texts, calls, tell: (more: LogEntry[], skipped = 0) => act(() => tailOf(ALL)!.send('lines', { lines: more, skipped })) };
}

describe('the live tail', () => {
  test('goes on as lines are written, each with its level in words, each once', async () => {
    const { texts, tell } = await open([logLine(1), logLine(2)]);
    tell([logLine(2), logLine(3, { level: 'error', service: 'media', text: 'it broke', fields: { code: 7 } })]);
    await waitFor(() => expect(texts()).toHaveLength(3));
    expect(texts()[2]).toMatch(/Error.*media.*it broke code=7/);
    expect(screen.getByText('Live · 3 lines')).toBeVisible();
  });

  test('is held to be read, counts what is new, and goes on', async () => {
    const { user, texts, tell } = await open([logLine(1)]);
    await user.click(screen.getByRole('button', { name: 'Pause' }));
    tell([logLine(2), logLine(3)]);
    expect(await screen.findByText('Held · 2 new lines')).toBeVisible();
    expect(texts()).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Go on' }));
    expect(texts()).toHaveLength(3);
  });

  test('asks for a service, a level and a text alone', async () => {
    const { user, calls } = await open([logLine(1)]);
    await user.click(await screen.findByRole('checkbox', { name: 'media' }));
    await user.selectOptions(screen.getByLabelText('Level'), 'Errors alone');
    await user.type(screen.getByLabelText('Search in the lines'), 'refused');
    await waitFor(() => expect(tailOf('services=media&level=error&text=refused')).toBeDefined());
    await waitFor(() => expect(calls.at(-1)?.body).toMatchObject({ services: ['media'], level: 'error', text: 'refused' }));
    expect(tailOf(ALL)).toBeUndefined();
    expect(screen.getByRole('link', { name: 'Download' })).toHaveAttribute('href', '/terraform/v1/mgmt/logs/download?services=media&level=error&text=refused');
  });

  test('has older lines', async () => {
    const { user, texts } = await open([logLine(1)], 'page-2');
    await user.click(screen.getByRole('button', { name: 'Load older lines' }));
    await waitFor(() => expect(texts()).toHaveLength(2));
    expect(texts()[0]).toContain('line 0');
    expect(screen.queryByRole('button', { name: 'Load older lines' })).toBeNull();
  });

  test('stays small whatever is written', async () => {
    const { texts, tell } = await open([logLine(1)], 'page-2');
    tell(Array.from({ length: MOST_LINES + 500 }, (_, at) => logLine(at + 2)), 12);
    expect(await screen.findByText(`Live · ${MOST_LINES} lines · 12 lines came too fast`)).toBeVisible();
    expect(texts().length).toBeLessThan(80);
    expect(screen.getByText(/Earlier lines were let go/)).toBeVisible();
  });

  test('shows one line in full, and copies all of them', async () => {
    const { user } = await open([logLine(1, { text: 'a publisher is refused', fields: { address: '192.0.2.7' } })]);
    const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await user.click(screen.getByRole('button', { name: 'Copy' }));
    expect(copied).toHaveBeenCalledWith('2023-11-14T22:13:21.000Z hooks info a publisher is refused address=192.0.2.7');
    await user.click(screen.getByRole('button', { name: /a publisher is refused/ }));
    const drawer = within(await screen.findByRole('dialog', { name: 'Line of the log' }));
    expect(drawer.getByText('192.0.2.7')).toBeVisible();
  });
});

test('a support bundle is made, and its parts are named before it is fetched', async () => {
  fakeApi({
    'mgmt/logs/query': { lines: [], older: null, services: SERVICES, notes: ['the log of media cannot be read'] },
    'mgmt/support-bundle': { name: 'bundle.tar.gz', at_ms: Date.now(), bytes: 3_200_000, parts: ['versions.json', 'logs/hooks.log'] },
  });
  const { user } = renderApp('/system/logs');
  await goLive([]);
  expect(await screen.findByText('the log of media cannot be read')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Make one' }));
  expect(await screen.findByText('Ready: 3.2 MB')).toBeVisible();
  expect(screen.getByText('versions.json, logs/hooks.log')).toBeVisible();
});
