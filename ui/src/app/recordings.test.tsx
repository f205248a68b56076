import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { changeLanguage } from '../lib/i18n';
import type { Recording } from '../lib/recording-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { recording as sample, storageTarget, storageUpload } from '../testing/recording-samples';
import { goLive, renderApp } from '../testing/render';
import { pass, playRule } from '../testing/samples';

const DAY = 86_400_000;
const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

const done = (id: string, change: Partial<Recording> = {}): Recording =>
  sample(id, { state: 'ready', mp4: 'ready', mp4_bytes: 12e6, ended_ms: Date.now(), title: `Show ${id}`, ...change });

const SUMMARY = { count: 3, local_bytes: 36.9e6, bucket_count: 0, recording: 1, uploading: 0, failed: 0 };

async function openLibrary(recordings: Recording[], answers: Parameters<typeof fakeApi>[0] = {}, path = '/recordings') {
  const calls = fakeApi({
    'recordings/query': { recordings, cursor: null, total: recordings.length },
    'recordings/summary': SUMMARY,
    'recordings/streams': { streams: [{ app: 'live', stream: 'show', count: recordings.length }] },
    'recordings/disk': new Refusal(404, 'unknown_path'),
    'recordings/delete': (body: { ids: string[] }) => ({ deleted: body.ids, refused: [] }),
    'recordings/retry': (body: { id: string }) => recordings.find(({ id }) => id === body.id),
    'recordings/update': (body: { id: string }) => ({ ...recordings.find(({ id }) => id === body.id), ...body }),
    'storage/targets/list': { targets: [storageTarget('Archive')], presets: [] },
    ...answers,
  });
  const { user, router } = renderApp(path);
  await goLive([]);
  return { user, router, calls };
}

const rows = () => within(screen.getByRole('table', { name: 'Library' })).getAllByRole('row').slice(1);
const row = (name: string) => rows().find((one) => within(one).queryByRole('link', { name }))!;

/** Follow the recordings as the server tells them. */
async function follow(event: { recordings?: Recording[]; removed?: string[] }): Promise<FakeEventSource> {
  const source = await waitFor(() => FakeEventSource.to('recordings/live'));
  act(() => {
    source.open();
    source.send('recordings', { recordings: [], removed: [], ...event });
  });
  return source;
}

describe('the library', () => {
  test('says of each recording what it is, how it is, where it is and when it goes', async () => {
    const stored = done('b', { upload: 'verified', in_bucket: true, target_id: 'target-Archive', delete_at_ms: Date.now() + 12 * DAY + 60_000 });
    const holed = done('c', { keep: true, tags: ['match'], holes: [{ at_ms: 5_000, missing_ms: 2_000, reason: 'lost', detail: '' }] });
    await openLibrary([sample('a'), stored, holed]);
    expect(await screen.findByText('3 recordings · 36.9 MB on this disk · 1 running now')).toBeVisible();
    await screen.findByRole('link', { name: 'live/show' });
    expect(row('live/show')).toHaveTextContent(/Recording · 1:/);
    expect(row('live/show')).toHaveTextContent('12.3 MB');
    await waitFor(() => expect(row('Show b')).toHaveTextContent('Disk + Archive'));
    expect(row('Show b')).toHaveTextContent('Verified');
    expect(row('Show b')).toHaveTextContent('Deleted in 12 days');
    expect(row('Show c')).toHaveTextContent('2.0 s missing');
    expect(row('Show c')).toHaveTextContent('Kept');
    expect(within(row('Show c')).getByRole('link', { name: 'match' })).toBeVisible();
  });

  test('follows recordings live, drops what is gone, and asks again when there is a new one', async () => {
    const { calls } = await openLibrary([sample('a'), done('b')]);
    await screen.findByRole('link', { name: 'Show b' });
    await follow({ recordings: [sample('a', { state: 'ready', upload: 'uploading', uploaded_bytes: 43, upload_bytes: 100 })], removed: ['b'] });
    await waitFor(() => expect(row('live/show')).toHaveTextContent('Uploading 43 %'));
    expect(screen.queryByRole('link', { name: 'Show b' })).toBeNull();
    const asked = sent(calls, 'recordings/query').length;
    await follow({ recordings: [sample('z')] });
    await waitFor(() => expect(sent(calls, 'recordings/query').length).toBe(asked + 1));
  });

  test('is searched, filtered and put in order by the server, as the address of the page says', async () => {
    const { user, router, calls } = await openLibrary([done('a')]);
    await screen.findByRole('link', { name: 'Show a' });
    await user.type(screen.getByRole('searchbox', { name: 'Search title, stream or tag' }), 'final');
    await waitFor(() => expect(sent(calls, 'recordings/query').at(-1)).toMatchObject({ search: 'final', sort: 'started', order: 'desc' }));
    await user.click(screen.getByRole('checkbox', { name: 'In a bucket' }));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Stream' }), 'live/show (1)');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Order' }), 'Largest first');
    await waitFor(() =>
      expect(sent(calls, 'recordings/query').at(-1)).toEqual({ search: 'final', where: 'bucket', app: 'live', stream: 'show', sort: 'size', order: 'desc', limit: 50 }),
    );
    expect(router.state.location.search).toEqual({ q: 'final', where: 'bucket', stream: 'live/show', sort: 'largest' });
    await user.click(screen.getByRole('checkbox', { name: 'In a bucket' }));
    await waitFor(() => expect(sent(calls, 'recordings/query').at(-1)).not.toHaveProperty('where'));
  });

  test('shows the next page on demand', async () => {
    const pages: Record<string, object> = {
      '': { recordings: [done('a')], cursor: 'next', total: 2 },
      next: { recordings: [done('b')], cursor: null, total: 2 },
    };
    const { user } = await openLibrary([], { 'recordings/query': (body: { cursor?: string }) => pages[body.cursor ?? ''] });
    await user.click(await screen.findByRole('button', { name: 'Show more (1 left)' }));
    expect(await screen.findByRole('link', { name: 'Show b' })).toBeVisible();
    expect(screen.queryByRole('button', { name: /Show more/ })).toBeNull();
  });

  test('teaches what to do while it is empty, and offers a way back from a filter that leaves nothing', async () => {
    await openLibrary([]);
    expect(await screen.findByText('Nothing recorded yet')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Choose what is recorded' })).toHaveAttribute('href', '/mgmt/recordings/rules');
  });

  test('offers a way back from a filter that leaves nothing', async () => {
    const { user, router } = await openLibrary([], {}, '/recordings?keep=true&sort=oldest');
    expect(await screen.findByText('No recording matches.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Show all' }));
    await waitFor(() => expect(router.state.location.search).toEqual({ sort: 'oldest' }));
  });

  test('asks for nothing that the API would refuse, whatever stands in the address', async () => {
    const { calls } = await openLibrary([done('a')], {}, '/recordings?state=lost&where=moon&sort=constructor&stream=nonsense&q=7');
    await screen.findByRole('link', { name: 'Show a' });
    expect(sent(calls, 'recordings/query')[0]).toEqual({ search: '7', sort: 'started', order: 'desc', limit: 50 });
  });

  test('deletes several only after their number was typed, and never what is being recorded', async () => {
    const { user, calls } = await openLibrary([sample('a'), done('b', { upload: 'verified', in_bucket: true }), done('c')], {
      'recordings/delete': (body: { ids: string[] }) => ({ deleted: ['b'], refused: body.ids.includes('c') ? [{ id: 'c', key: 'recording_busy', message: 'busy' }] : [] }),
    });
    await screen.findByRole('link', { name: 'Show b' });
    expect(screen.getByRole('checkbox', { name: 'Choose live/show' })).toBeDisabled();
    await user.click(screen.getByRole('checkbox', { name: 'Choose all shown' }));
    expect(screen.getByText('2 chosen')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Delete…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Delete 2 recordings?' });
    const button = within(dialog).getByRole('button', { name: 'Delete 2 recordings' });
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByRole('textbox', { name: 'Type 2 to confirm' }), '3');
    expect(button).toBeDisabled();
    await user.clear(within(dialog).getByRole('textbox', { name: 'Type 2 to confirm' }));
    await user.type(within(dialog).getByRole('textbox', { name: 'Type 2 to confirm' }), '2');
    await user.click(within(dialog).getByRole('checkbox', { name: 'In the bucket as well' }));
    await user.click(button);
    expect(await within(dialog).findByText('1 recording was not deleted')).toBeVisible();
    expect(within(dialog).getByText(/Show c: This recording is under way/)).toBeVisible();
    expect(sent(calls, 'recordings/delete')).toEqual([{ ids: ['b', 'c'], confirm: 2, bucket_too: false }]);
    expect(screen.getByRole('checkbox', { name: 'Choose Show c' })).toBeChecked();
    expect(screen.getByRole('checkbox', { name: 'Choose Show b' })).not.toBeChecked();
  });

  test('tells why an upload failed and tries it again', async () => {
    const problem = { key: 'storage_clock', message: 'The clock is wrong.', help: '' };
    const { user, calls } = await openLibrary([done('a', { upload: 'failed', problem })]);
    await screen.findByText('Upload failed');
    await user.click(screen.getByRole('button', { name: 'Try again: Show a' }));
    await waitFor(() => expect(sent(calls, 'recordings/retry')).toEqual([{ id: 'a', what: 'upload' }]));
  });

  test('helps when the server does not answer', async () => {
    await openLibrary([], { 'recordings/query': new Refusal(503, 'internal', 'The catalogue is being rebuilt.') });
    expect(await screen.findByText('The catalogue is being rebuilt.')).toBeVisible();
    expect(within(screen.getByRole('region', { name: 'Library' })).getByRole('button', { name: 'Try again' })).toBeVisible();
  });

  test('speaks Chinese', async () => {
    await openLibrary([done('a', { delete_at_ms: Date.now() + 12 * DAY + 60_000 })]);
    await screen.findByRole('link', { name: 'Show a' });
    await act(() => changeLanguage('zh'));
    expect(screen.getByRole('table', { name: '录制库' })).toBeVisible();
    expect(screen.getByText('12天后删除')).toBeVisible();
  });
});

describe('the page of a recording', () => {
  async function openOne(one: Recording, answers: Parameters<typeof fakeApi>[0] = {}) {
    const opened = await openLibrary(
      [one],
      {
        'recordings/get': one,
        'hooks/play/rule/query': playRule({ kind: 'pass', inherited: true }),
        ...answers,
      },
      `/recordings/${one.id}`,
    );
    await screen.findByRole('heading', { level: 1, name: one.title || one.url });
    return opened;
  }

  test('names, tags and keeps it', async () => {
    const { user, calls } = await openOne(done('a', { tags: ['old'] }));
    const about = screen.getByRole('region', { name: 'About' });
    const title = within(about).getByRole('textbox', { name: 'Title' });
    await user.clear(title);
    await user.type(title, 'Final');
    await user.type(within(about).getByRole('combobox', { name: 'Tags' }), 'cup{Enter}');
    await user.click(within(about).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'recordings/update')).toEqual([{ id: 'a', title: 'Final', tags: ['old', 'cup'] }]));
    await user.click(within(about).getByRole('switch', { name: 'Keep for ever' }));
    await waitFor(() => expect(sent(calls, 'recordings/update').at(-1)).toEqual({ id: 'a', keep: true }));
  });

  test('marks what is missing and says why', async () => {
    await openOne(done('a', { holes: [{ at_ms: 61_000, missing_ms: 2_500, reason: 'encoder_away', detail: '' }, { at_ms: 90_000, missing_ms: 12_000, reason: 'lost', detail: '' }] }));
    const holes = screen.getByRole('region', { name: 'What is missing' });
    expect(within(holes).getByText('2.5 s: the encoder was away')).toBeVisible();
    expect(within(holes).getByText('12 s lost on this server')).toBeVisible();
    expect(within(holes).getByRole('button', { name: 'Show the picture before 1:01' })).toBeVisible();
  });

  test('cuts a clip between two points, after it said what is wrong with them', async () => {
    const { user, calls } = await openOne(done('a', { duration_ms: 65_000 }), { 'recordings/clip': done('new', { title: 'Goal', kind: 'clip' }) });
    const card = screen.getByRole('region', { name: 'Cut a clip' });
    const point = async (label: string, text: string) => {
      await user.clear(within(card).getByRole('textbox', { name: label }));
      await user.type(within(card).getByRole('textbox', { name: label }), text);
    };
    await point('From', '0:20');
    await point('To', '0:10');
    await user.click(within(card).getByRole('button', { name: 'Cut clip' }));
    expect(within(card).getByText('It must end after it begins.')).toBeVisible();
    await point('To', '1:05.04');
    await user.click(within(card).getByRole('switch', { name: 'Precise to the frame' }));
    await user.type(within(card).getByRole('textbox', { name: 'Title' }), 'Goal');
    await user.click(within(card).getByRole('button', { name: 'Cut clip' }));
    expect(await within(card).findByRole('link', { name: 'Open “Goal”' })).toHaveAttribute('href', '/mgmt/recordings/new');
    expect(sent(calls, 'recordings/clip')).toEqual([{ id: 'a', in_ms: 20_000, out_ms: 65_000, precise: true, title: 'Goal' }]);
  });

  test('is private until somebody opens it, and is shared by a pass', async () => {
    const made = pass('Press', { app: 'vod', stream: 'a' });
    const { user, calls } = await openOne(done('a'), { 'hooks/play/passes/create': { pass: made, token: 'tok.en' } });
    expect(await screen.findByText('Only you may watch')).toBeVisible();
    expect(screen.getByRole('radio', { name: /Only you/ })).toBeChecked();
    await user.click(screen.getByRole('button', { name: 'New pass' }));
    const dialog = await screen.findByRole('dialog', { name: 'New pass for Show a' });
    await user.type(within(dialog).getByRole('textbox', { name: 'Label' }), 'Press');
    await user.click(within(dialog).getByRole('button', { name: 'Create pass' }));
    const links = await screen.findByRole('dialog', { name: 'Links of “Press”' });
    expect(within(links).getByLabelText('Watch page')).toHaveValue(`${location.origin}/vod/a?pass=tok.en`);
    expect(within(links).queryByLabelText('HTTP-FLV')).toBeNull();
    expect(sent(calls, 'hooks/play/passes/create')[0]).toMatchObject({ app: 'vod', stream: 'a' });
  });

  test('shows how an upload goes on', async () => {
    const one = done('a', { upload: 'uploading', target_id: 'target-Archive', upload_bytes: 1e9 });
    await openOne(one);
    const source = await follow({});
    act(() => source.send('uploads', { uploads: [storageUpload('x', { recording_id: 'a', done_bytes: 430e6, total_bytes: 1e9, speed_bps: 5e6, left_s: 114 })] }));
    expect(await screen.findByRole('progressbar', { name: 'Upload to Archive' })).toHaveAttribute('aria-valuenow', '43');
    expect(screen.getByText('5.0 MB/s')).toBeVisible();
  });

  test('leads back to the library when it was deleted', async () => {
    const { user, router, calls } = await openOne(done('a'));
    await user.click(screen.getByRole('button', { name: 'Actions for Show a' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Delete…' }));
    await user.click(await screen.findByRole('button', { name: 'Delete' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/recordings'));
    expect(sent(calls, 'recordings/delete')).toEqual([{ ids: ['a'], confirm: 1, bucket_too: true }]);
  });

  test('says that it is gone', async () => {
    await openLibrary([], { 'recordings/get': new Refusal(404, 'recording_unknown') }, '/recordings/a');
    expect(await screen.findByText('This recording is not there any more.')).toBeVisible();
  });

  test('ends what is under way after a question', async () => {
    const one = sample('a');
    const { user, calls } = await openOne(one, { 'recordings/end': { ...one, state: 'finishing' } });
    await user.click(screen.getByRole('button', { name: 'Actions for live/show' }));
    await user.click(await screen.findByRole('menuitem', { name: 'End it now…' }));
    await user.click(await screen.findByRole('button', { name: 'End recording' }));
    await waitFor(() => expect(sent(calls, 'recordings/end')).toEqual([{ id: 'a' }]));
    expect(await screen.findByText('Finishing')).toBeVisible();
  });
});
