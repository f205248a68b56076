import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Backups } from '../lib/house-types';
import { expectAway } from '../lib/planned-away';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { BACKUP_SCHEDULE, backup, backups } from '../testing/house-samples';
import { renderApp } from '../testing/render';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(list: Backups | (() => unknown), answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({ 'mgmt/backup/list': list, 'mgmt/backup/schedule/query': BACKUP_SCHEDULE, ...answers });
  const { user } = renderApp('/system/backup');
  await screen.findByRole('heading', { name: 'Backups' });
  return { user, calls };
}

const JOB = { id: 'j', kind: 'create', state: 'running', step: 'writing', done_bytes: 1_000_000, total_bytes: 4_000_000, started_ms: Date.now(), ended_ms: null, error: null };

describe('backups', () => {
  test('are made with a passphrase, and the loss of it is warned of', async () => {
    const { user, calls } = await open(backups([]), { 'mgmt/backup/create': JOB });
    await user.click(await screen.findByRole('button', { name: 'Back up now' }));
    const dialog = await screen.findByRole('dialog', { name: 'Back up now' });
    expect(within(dialog).getByText(/without it nobody can open the backup/)).toBeVisible();
    expect(within(dialog).getByRole('radio', { name: 'Bucket' })).toBeDisabled();
    await user.click(within(dialog).getByRole('button', { name: 'Back up' }));
    expect(sent(calls, 'mgmt/backup/create')).toEqual([]);
    await user.type(within(dialog).getByLabelText('Passphrase'), 'four words are good');
    expect(within(dialog).getByText('Strong')).toBeVisible();
    await user.click(within(dialog).getByRole('checkbox', { name: 'With the recordings themselves' }));
    await user.click(within(dialog).getByRole('button', { name: 'Back up' }));
    await waitFor(() => expect(sent(calls, 'mgmt/backup/create')).toEqual([{ recordings: true, to: 'file', passphrase: 'four words are good' }]));
  });

  test('show what is being done, how safe each is, and can be fetched', async () => {
    const { user } = await open(backups([backup(), backup({ id: 'b-2', encrypted: false })], { running: JOB }));
    expect(await screen.findByRole('progressbar', { name: 'Backing up' })).toHaveAttribute('aria-valuenow', '25');
    expect(screen.getByText('Encrypted')).toBeVisible();
    expect(screen.getByText('Not encrypted')).toHaveAccessibleDescription(/Whoever has the file/);
    await user.click(screen.getAllByRole('button', { name: /What to do with the backup/ })[0]!);
    expect(await screen.findByRole('menuitem', { name: 'Download' })).toHaveAttribute('href', '/terraform/v1/mgmt/backup/download?id=b-1');
    expect(screen.getByRole('menuitem', { name: 'Restore…' })).toHaveAttribute('data-disabled', 'true');
  });

  test('are restored after a word is typed, and the restart that follows is no fault', async () => {
    let list: unknown = backups([backup()]);
    const { user, calls } = await open(() => list, { 'mgmt/backup/restore': { ...JOB, kind: 'restore' } });
    await user.click(await screen.findByRole('button', { name: /What to do with the backup/ }));
    await user.click(await screen.findByRole('menuitem', { name: 'Restore…' }));
    const dialog = await screen.findByRole('dialog', { name: /Restore the backup of/ });
    const go = within(dialog).getByRole('button', { name: 'Restore' });
    expect(go).toBeDisabled();
    await user.type(within(dialog).getByLabelText('Passphrase'), 'four words');
    await user.type(within(dialog).getByLabelText('Type “restore” to go on'), 'Restore');
    await user.type(within(dialog).getByLabelText('Password'), 'pw');
    list = new Refusal(404, 'service_away');
    await user.click(go);
    await waitFor(() => expect(sent(calls, 'mgmt/backup/restore')).toEqual([{ id: 'b-1', passphrase: 'four words', password: 'pw' }]));
    expect(await screen.findByText('Everything restarts')).toBeVisible();
    expect(screen.queryByRole('alert')).toBeNull();
    act(() => expectAway(0));
  });

  test('happen by themselves on chosen days', async () => {
    const { user, calls } = await open(backups([]), { 'mgmt/backup/schedule/update': BACKUP_SCHEDULE });
    await user.click(await screen.findByRole('switch', { name: 'Back up by itself' }));
    await user.click(screen.getByRole('checkbox', { name: 'Sunday' }));
    await user.type(screen.getByLabelText('Passphrase'), 'long enough');
    await user.click(screen.getByRole('button', { name: 'Save schedule' }));
    await waitFor(() => expect(sent(calls, 'mgmt/backup/schedule/update')).toEqual([{ enabled: true, days: [6], passphrase: 'long enough' }]));
  });

  test('and settings in a file: what would change is shown before it is done', async () => {
    const { user, calls } = await open(backups([]), {
      'mgmt/config/apply': ({ yaml }: { yaml?: string }) =>
        yaml === 'bad' ? { changes: [], problems: ['front: colour is not known'] } : { changes: [{ section: 'front', what: 'hsts', before: 'false', after: 'true' }], problems: [] },
    });
    await user.click(await screen.findByRole('button', { name: 'Apply a file…' }));
    const drawer = await screen.findByRole('dialog', { name: 'Apply settings from a file' });
    const field = within(drawer).getByLabelText('Settings as YAML', { selector: 'textarea' });
    await user.type(field, 'bad');
    await user.click(within(drawer).getByRole('button', { name: 'Show what would change' }));
    expect(await within(drawer).findByRole('alert')).toHaveTextContent('colour is not known');
    await user.clear(field);
    await user.type(field, 'front:');
    await user.click(within(drawer).getByRole('button', { name: 'Show what would change' }));
    expect(await within(drawer).findByRole('list', { name: 'What would change' })).toHaveTextContent('front · hstsfalsetrue');
    await user.type(within(drawer).getByLabelText('Password'), 'pw');
    await user.click(within(drawer).getByRole('button', { name: 'Apply 1 change' }));
    expect(await within(drawer).findByText('Applied')).toBeVisible();
    expect(sent(calls, 'mgmt/config/apply').map(({ dry_run, password }) => [dry_run, password])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, 'pw'],
    ]);
  });
});
