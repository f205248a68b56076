import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { StorageTarget, StorageTest, StorageUpload } from '../lib/recording-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { PRESETS, storageTarget, storageUpload } from '../testing/recording-samples';
import { renderApp } from '../testing/render';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(targets: StorageTarget[], uploads: StorageUpload[] = [], answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'storage/targets/list': { targets, presets: PRESETS },
    'storage/uploads/query': { uploads },
    'storage/settings/query': { limit_kbps: 0, parallel: 2 },
    ...answers,
  });
  const { user } = renderApp('/recordings/storage');
  await screen.findByRole('heading', { name: 'Buckets' });
  return { user, calls };
}

const WORKING: StorageTest = { ok: true, steps: ['dns', 'connect', 'put', 'get'].map((name) => ({ name, ok: true, took_ms: 12, key: '', message: '', help: '' })) };
const WRONG_KEY: StorageTest = {
  ok: false,
  steps: [
    { name: 'dns', ok: true, took_ms: 3, key: '', message: '', help: '' },
    { name: 'auth', ok: false, took_ms: 45, key: 'storage_wrong_key', message: 'the secret key is wrong (bucket my-bucket)', help: 'Copy both keys again.' },
    { name: 'put', ok: null, took_ms: 0, key: '', message: '', help: '' },
  ],
};

describe('storage targets', () => {
  test('an empty list teaches what storage is for', async () => {
    await open([]);
    expect(await screen.findByText(/Any S3 bucket will do/)).toBeVisible();
    expect(await screen.findByText(/everything that is to be uploaded has arrived/)).toBeVisible();
  });

  test('tell in words whether they work, and which is the default', async () => {
    await open([
      storageTarget('Archive', { is_default: true }),
      storageTarget('Attic', { health: { ok: false, key: 'storage_clock', message: 'clocks differ', at_ms: Date.now() - 120_000 } }),
      storageTarget('New', { health: { ok: null, key: '', message: '', at_ms: 0 } }),
      storageTarget('Old', { enabled: false }),
    ]);
    const rows = within(await screen.findByRole('region', { name: 'Buckets' })).getAllByRole('listitem');
    expect(within(rows[0]!).getByText('Working')).toHaveAccessibleDescription(/Seen 1 minute ago/);
    expect(within(rows[0]!).getByText('Default')).toBeVisible();
    expect(within(rows[0]!).getByText('Amazon S3')).toBeVisible();
    expect(within(rows[1]!).getByText('Not working')).toBeVisible();
    expect(within(rows[1]!).getByText(/This server's clock is wrong\..*timedatectl/)).toBeVisible();
    expect(within(rows[2]!).getByText('Not tried yet')).toBeVisible();
    expect(within(rows[3]!).getByText('Off')).toBeVisible();
    expect(screen.getByText('1 storage does not work')).toBeVisible();
  });

  test('are filled in by provider and region, tested before they are saved, and made', async () => {
    const { user, calls } = await open([], [], {
      'storage/targets/test': ({ secret_key }: { secret_key?: unknown }) => (secret_key === 'right' ? WORKING : WRONG_KEY),
      'storage/targets/create': storageTarget('Archive'),
    });
    await user.click(await screen.findByRole('button', { name: 'Add storage' }));
    const form = await screen.findByRole('dialog', { name: 'Add storage' });
    expect(within(form).getByLabelText('Endpoint')).toHaveValue('https://s3.us-east-1.amazonaws.com');
    await user.clear(within(form).getByLabelText('Region'));
    await user.type(within(form).getByLabelText('Region'), 'eu-central-1');
    expect(within(form).getByLabelText('Endpoint')).toHaveValue('https://s3.eu-central-1.amazonaws.com');
    await user.click(within(form).getByRole('button', { name: 'Test it now' }));
    expect(within(form).getAllByText('This is needed.')).toHaveLength(4);
    await user.type(within(form).getByLabelText('Name'), ' Archive ');
    await user.type(within(form).getByLabelText('Bucket'), 'my-bucket');
    await user.type(within(form).getByLabelText('Access key'), 'AKIA1');
    await user.type(within(form).getByLabelText('Secret key'), 'wrong');
    await user.click(within(form).getByRole('button', { name: 'Test it now' }));
    const said = await within(form).findByRole('alert');
    expect(within(said).getByText('It does not work yet')).toBeVisible();
    expect(within(said).getByText('Access key or secret key is wrong.')).toBeVisible();
    expect(within(said).getByText('bucket my-bucket')).toBeVisible();
    expect(within(said).getByText('not tried')).toBeVisible();
    await user.clear(within(form).getByLabelText('Secret key'));
    await user.type(within(form).getByLabelText('Secret key'), 'right');
    await user.click(within(form).getByRole('button', { name: 'Test it now' }));
    expect(await within(form).findByText('Everything works')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Add storage' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'storage/targets/create')).toEqual([
      {
        label: 'Archive',
        provider: 'aws',
        endpoint: 'https://s3.eu-central-1.amazonaws.com',
        region: 'eu-central-1',
        bucket: 'my-bucket',
        prefix: '',
        access_key: 'AKIA1',
        secret_key: 'right',
        path_style: false,
        storage_class: '',
        acl: '',
        public_url: '',
        delivery: 'through',
      },
    ]);
  });

  test('are called usable when only browsers are kept out', async () => {
    const cors = { name: 'cors', ok: false, took_ms: 9, key: 'storage_cors', message: 'no CORS', help: '' };
    const { user } = await open([storageTarget('Archive')], [], { 'storage/targets/test': { ok: false, steps: [...WORKING.steps, cors] } });
    await user.click(await screen.findByRole('button', { name: 'Test Archive' }));
    expect(await screen.findByText('Usable, with one remark')).toBeVisible();
    expect(screen.getByText('Browsers may not read from this bucket.')).toBeVisible();
  });

  test('of a provider with an account in its address ask for it', async () => {
    const { user, calls } = await open([]);
    await user.click(await screen.findByRole('button', { name: 'Add storage' }));
    const form = await screen.findByRole('dialog', { name: 'Add storage' });
    await user.selectOptions(within(form).getByLabelText('Provider'), 'Cloudflare R2');
    expect(within(form).getByLabelText('Region')).toHaveValue('auto');
    await user.click(within(form).getByRole('button', { name: 'Test it now' }));
    expect(within(form).getByText('Replace the part in braces with your own.')).toBeVisible();
    await user.selectOptions(within(form).getByLabelText('Provider'), 'MinIO');
    await user.click(within(form).getByText('Advanced'));
    expect(within(form).getByRole('switch', { name: 'Bucket in the path' })).toBeChecked();
    expect(sent(calls, 'storage/targets/test')).toEqual([]);
  });

  test('are changed without writing the keys again, and tested with what is not saved yet', async () => {
    const one = storageTarget('Archive');
    const { user, calls } = await open([one], [], { 'storage/targets/test': WORKING, 'storage/targets/update': one });
    await user.click(await screen.findByRole('button', { name: 'What to do with Archive' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
    const form = await screen.findByRole('dialog', { name: 'Edit Archive' });
    expect(within(form).getByLabelText('Access key')).toHaveAttribute('placeholder', 'AKIA…9XYZ');
    expect(within(form).getByLabelText('Secret key')).toHaveValue('');
    await user.click(within(form).getByText('Advanced'));
    await user.type(within(form).getByLabelText('Folder in the bucket'), 'shows');
    await user.selectOptions(within(form).getByLabelText('Storage class'), 'STANDARD_IA');
    await user.click(within(form).getByRole('radio', { name: 'Straight from the bucket' }));
    await user.click(within(form).getByRole('button', { name: 'Test it now' }));
    expect(await within(form).findByText('Everything works')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    for (const path of ['storage/targets/test', 'storage/targets/update']) {
      const [body] = sent(calls, path);
      expect(body).toMatchObject({ id: one.id, prefix: 'shows', storage_class: 'STANDARD_IA', delivery: 'redirect' });
      expect(body).not.toHaveProperty('access_key');
      expect(body).not.toHaveProperty('secret_key');
    }
  });

  test('are tested, switched off, made the default and removed from the list', async () => {
    const one = storageTarget('Archive');
    const { user, calls } = await open([one, storageTarget('Attic', { is_default: true })], [], {
      'storage/targets/test': WRONG_KEY,
      'storage/targets/update': one,
      'storage/targets/set_default': null,
      'storage/targets/remove': new Refusal(409, 'target_in_use'),
    });
    await user.click(await screen.findByRole('button', { name: 'Test Archive' }));
    expect(await screen.findByText('Access key or secret key is wrong.')).toBeVisible();
    await user.click(screen.getByRole('switch', { name: 'Use Archive' }));
    await waitFor(() => expect(sent(calls, 'storage/targets/update')).toEqual([{ id: one.id, enabled: false }]));
    await user.click(screen.getByRole('button', { name: 'What to do with Archive' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Make it the default' }));
    await waitFor(() => expect(sent(calls, 'storage/targets/set_default')).toEqual([{ id: one.id }]));
    await user.click(screen.getByRole('button', { name: 'What to do with Archive' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    await user.click(await screen.findByRole('button', { name: 'Remove storage' }));
    expect(await screen.findByText('Recordings lie in this storage or are on their way to it.')).toBeVisible();
  });
});

describe('uploads', () => {
  test('show how far and how fast they are, and follow live', async () => {
    await open([storageTarget('Archive')], [
      storageUpload('Evening show'),
      storageUpload('Morning', { state: 'waiting', speed_bps: 0, left_s: null, next_try_ms: Date.now() + 40 * 60_000, problem: { key: 'storage_busy', message: 'busy', help: '' } }),
    ]);
    const rows = within(await screen.findByRole('region', { name: 'On the way' })).getAllByRole('listitem');
    expect(within(rows[0]!).getByRole('progressbar', { name: 'Upload of Evening show' })).toHaveAttribute('aria-valuenow', '25');
    expect(within(rows[0]!).getByText('250.0 MB of 1.0 GB')).toBeVisible();
    expect(within(rows[0]!).getByText('5.0 MB/s')).toBeVisible();
    expect(within(rows[0]!).getByText('2:30 left')).toBeVisible();
    expect(within(rows[1]!).getByText('Trying again')).toBeVisible();
    expect(within(rows[1]!).getByText(/The storage is overloaded right now/)).toBeVisible();
    expect(within(rows[1]!).getByText(/in 40 minutes/)).toBeVisible();
    const feed = FakeEventSource.to('recordings/live');
    act(() => {
      feed.open();
      feed.send('uploads', { uploads: [storageUpload('Evening show', { done_bytes: 1e9, left_s: 0 })] });
    });
    expect(await screen.findByRole('progressbar', { name: 'Upload of Evening show' })).toHaveAttribute('aria-valuenow', '100');
    expect(screen.queryByText('Trying again')).toBeNull();
    act(() => feed.send('uploads', { uploads: [] }));
    expect(screen.getByText(/everything that is to be uploaded has arrived/)).toBeVisible();
  });

  test('are paused, go on and are tried again one by one', async () => {
    const { user, calls } = await open(
      [],
      [storageUpload('a'), storageUpload('b', { state: 'paused' }), storageUpload('c', { state: 'failed', problem: { key: 'storage_no_bucket', message: '', help: '' } })],
      { 'storage/uploads/pause': null, 'storage/uploads/resume': null, 'storage/uploads/retry': null },
    );
    await user.click(await screen.findByRole('button', { name: 'Pause a' }));
    await user.click(screen.getByRole('button', { name: 'Go on with b' }));
    expect(screen.getByText(/There is no such bucket/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Try c now' }));
    await waitFor(() => expect(sent(calls, 'storage/uploads/retry')).toEqual([{ id: 'recording-c' }]));
    expect(sent(calls, 'storage/uploads/pause')).toEqual([{ id: 'recording-a' }]);
    expect(sent(calls, 'storage/uploads/resume')).toEqual([{ id: 'recording-b' }]);
  });

  test('are held to a speed', async () => {
    const { user, calls } = await open([], [], { 'storage/settings/update': (body: object) => ({ limit_kbps: 0, parallel: 2, ...body }) });
    const limit = await screen.findByLabelText('Limit for all uploads (kbit/s)');
    await user.clear(limit);
    await user.type(limit, '8000');
    expect(screen.getByText(/Now 8.0 Mbit\/s/)).toBeVisible();
    const parallel = screen.getByLabelText('Files at once');
    await user.clear(parallel);
    await user.type(parallel, '9');
    expect(screen.getByText('A whole number from 1 to 8.')).toBeVisible();
    await user.clear(parallel);
    await user.type(parallel, '4');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Saved')).toBeVisible();
    expect(sent(calls, 'storage/settings/update')).toEqual([{ limit_kbps: 8000, parallel: 4 }]);
  });
});
