import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../lib/monitor-types';
import { fakeApi } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';

function entry(id: string, change: Partial<AuditEntry> = {}): AuditEntry {
  return { id, at_ms: Date.now() - 3_600_000, who: 'admin', what: 'ffmpeg/outputs/create', target: 'label=YouTube', from: '192.0.2.7', result: 'ok', ...change };
}

test('the audit tells who did what to what, from where, when, and whether it was let through', async () => {
  const calls = fakeApi({
    'mgmt/audit/query': ({ before }: { before?: string }) =>
      before ? { entries: [entry('1', { what: 'mgmt/unheard-of' })], older: '' } : { entries: [entry('3'), entry('2', { what: 'mgmt/login', who: 'nobody', target: '', result: 'wrong_password' })], older: '2026-11:77' },
  });
  const { user } = renderApp('/system/audit');
  await goLive([]);
  const rows = within(await screen.findByRole('table', { name: 'Audit' })).getAllByRole('row').slice(1);
  expect(rows[0]).toHaveTextContent(/Added an output.*label=YouTube.*admin.*192\.0\.2\.7.*1 hour ago.*Done/);
  expect(rows[1]).toHaveTextContent(/Signed in.*–.*somebody not signed in.*Refused/);
  expect(within(rows[1]!).getByText('Refused')).toHaveAccessibleDescription('Wrong password.');
  await user.click(screen.getByRole('button', { name: 'Older' }));
  expect(await screen.findByText('mgmt/unheard-of')).toBeVisible();
  expect(calls.at(-1)?.body).toMatchObject({ before: '2026-11:77', limit: 50 });
  await user.type(screen.getByLabelText('Call or target'), 'outputs');
  await waitFor(() => expect(calls.at(-1)?.body).toEqual({ limit: 50, who: '', what: 'outputs', before: '' }));
});

test('the tabs of System name every page and mark the one that is open', async () => {
  fakeApi({ 'mgmt/audit/query': { entries: [], older: '' } });
  renderApp('/system/audit');
  await goLive([]);
  const tabs = within(await screen.findByRole('navigation', { name: 'System' })).getAllByRole('link');
  expect(tabs.map((tab) => tab.textContent)).toEqual(['Services', 'HTTPS', 'Upgrade', 'Backup', 'Monitoring', 'Alerts', 'Logs', 'Audit', 'API keys', 'Webhooks', 'Settings']);
  expect(tabs.filter((tab) => tab.getAttribute('aria-current') === 'page').map((tab) => tab.textContent)).toEqual(['Audit']);
  expect(await screen.findByText('Nothing here')).toBeVisible();
});
