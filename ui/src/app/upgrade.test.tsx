import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { UpgradeStatus } from '../lib/house-types';
import { expectAway } from '../lib/planned-away';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { UPGRADE_SETTINGS, UPGRADE_WINDOW, upgradeRun, upgradeStatus } from '../testing/house-samples';
import { goLive, renderApp } from '../testing/render';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(status: UpgradeStatus | (() => unknown), answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'mgmt/upgrade/status': status,
    'mgmt/window/query': UPGRADE_WINDOW,
    'mgmt/upgrade/settings/query': UPGRADE_SETTINGS,
    'mgmt/upgrade': { version: '0.1.0', id: 'run-1' },
    ...answers,
  });
  const app = renderApp('/system/upgrade');
  await screen.findByText('Runs now');
  const feed = await waitFor(() => FakeEventSource.to('mgmt/upgrade/progress'));
  act(() => feed.open());
  return { ...app, calls, feed };
}

describe('an upgrade', () => {
  test('is offered with what it waits for, and begun after a word on what happens', async () => {
    const { user, calls } = await open(upgradeStatus({ waits_for: ['window', 'live_streams'], live_streams: 2 }));
    expect(screen.getByText('There is a newer one')).toBeVisible();
    expect(screen.getByText('until nobody is live (2 streams now)')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Upgrade…' }));
    const asked = await screen.findByRole('dialog', { name: 'Upgrade to 0.2.0?' });
    expect(within(asked).getByText(/encoders and viewers notice nothing/)).toBeVisible();
    await user.click(within(asked).getByRole('checkbox'));
    expect(within(asked).getByText(/2 streams are live: they may be cut/)).toBeVisible();
    await user.click(within(asked).getByRole('checkbox'));
    await user.click(within(asked).getByRole('button', { name: 'Upgrade' }));
    await waitFor(() => expect(sent(calls, 'mgmt/upgrade')).toEqual([{ version: '0.2.0' }]));
  });

  test('is not offered where the house runs from an image, which is renewed from outside', async () => {
    await open(upgradeStatus({ in_image: true }));
    expect(screen.getByText(/Pull the newer image and start a container of it/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Upgrade…' })).toBeNull();
    expect(screen.queryByRole('radiogroup', { name: 'Upgrades happen' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Look for releases' })).toBeEnabled();
  });

  test('is followed through the restart of the API behind the page, without alarm', async () => {
    let status: unknown = upgradeStatus();
    const { feed, router } = await open(() => status);
    const live = await goLive([]);
    act(() => feed.send('run', upgradeRun()));
    const steps = await screen.findByRole('list', { name: 'Upgrading from 0.1.0 to 0.2.0' });
    expect(within(steps).getByText('Restart the services one by one').closest('li')).toHaveAttribute('aria-current', 'step');
    status = new Refusal(502, 'service_away');
    act(() => {
      feed.fail();
      live.fail();
    });
    expect(await screen.findByText(/The service behind this page is being renewed/)).toBeVisible();
    expect(await screen.findByText(/The services are being renewed/)).toBeVisible();
    expect(screen.queryByRole('alert')).toBeNull();
    expect(router.state.location.pathname).toBe('/system/upgrade');

    status = upgradeStatus({ version: '0.2.0', rollback_to: '0.1.0' });
    const again = await waitFor(() => {
      const next = FakeEventSource.to('mgmt/upgrade/progress');
      expect(next).not.toBe(feed);
      return next;
    });
    act(() => {
      again.open();
      again.send('run', upgradeRun({ result: 'done', ended_ms: Date.now(), percent: 100 }));
    });
    expect(await screen.findByText('Upgraded from 0.1.0 to 0.2.0')).toBeVisible();
    expect(await screen.findByText('This page is from the version before')).toBeVisible();
    expectAway(0);
  });

  test('that was taken back says why', async () => {
    const error = { key: 'upgrade_sick_test', message: 'hooks did not become healthy.', help: 'Report it.' };
    await open(upgradeStatus({ last: upgradeRun({ result: 'rolled_back', ended_ms: Date.now() - 5000, error }) }));
    const last = await screen.findByRole('region', { name: 'Last upgrade' });
    expect(last).toHaveTextContent(/0\.2\.0 did not become healthy and was taken back.*hooks did not become healthy.*Report it/s);
  });

  test('is rehearsed, and gone back from', async () => {
    const { user, calls } = await open(upgradeStatus({ rollback_to: '0.0.9' }), { 'mgmt/upgrade/rollback': { version: '0.1.0', id: 'run-2' } });
    await user.click(screen.getByRole('button', { name: 'More about upgrades' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Rehearse…' }));
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Rehearse' }));
    await waitFor(() => expect(sent(calls, 'mgmt/upgrade')).toEqual([{ version: '0.2.0', dry_run: true }]));
    await user.click(screen.getByRole('button', { name: 'More about upgrades' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Go back to 0.0.9…' }));
    const back = within(await screen.findByRole('dialog', { name: 'Go back to 0.0.9?' }));
    await user.type(back.getByLabelText('Password'), 'pw');
    await user.click(back.getByRole('button', { name: 'Go back' }));
    await waitFor(() => expect(sent(calls, 'mgmt/upgrade/rollback')).toEqual([{ version: '0.0.9', password: 'pw' }]));
  });

  test('happens when and from where the operator says', async () => {
    const { user, calls } = await open(upgradeStatus(), {
      'mgmt/strategy': { strategy: 'auto' },
      'mgmt/window/update': UPGRADE_WINDOW,
      'mgmt/upgrade/settings/update': UPGRADE_SETTINGS,
    });
    await user.click(await screen.findByRole('radio', { name: 'By themselves, inside the window' }));
    await waitFor(() => expect(sent(calls, 'mgmt/strategy')).toEqual([{ strategy: 'auto' }]));
    await user.selectOptions(screen.getByLabelText('Begins at'), '22:00');
    expect(screen.getByText('From 22:00 to 02:00.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Save window' }));
    await waitFor(() => expect(sent(calls, 'mgmt/window/update')).toEqual([{ start: 22, duration: 4, zone: 'Europe/Berlin' }]));
    expect(screen.queryByLabelText('Password')).toBeNull();
    await user.click(screen.getByRole('radio', { name: 'GitHub' }));
    await user.type(screen.getByLabelText('Address'), 'me/streamstead');
    await user.type(screen.getByLabelText('Further keys that count'), 'RWone');
    await user.type(screen.getByLabelText('Password'), 'pw');
    await user.click(screen.getByRole('button', { name: 'Save source' }));
    await waitFor(() =>
      expect(sent(calls, 'mgmt/upgrade/settings/update')).toEqual([{ source: 'github', url: 'me/streamstead', keys: ['RWone'], password: 'pw' }]),
    );
  });
});
