import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { RECORD_RULES, recording, schedule, storageTarget, streamRecording } from '../testing/recording-samples';
import { goLive, renderApp } from '../testing/render';
import { knownStream, stream } from '../testing/samples';
import type { RecordRules, Schedule, StreamRecording } from '../lib/recording-types';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function openRules(rules: Partial<RecordRules> = {}, schedules: Schedule[] = [], answers: Parameters<typeof fakeApi>[0] = {}) {
  const now = { ...RECORD_RULES, ...rules };
  const calls = fakeApi({
    'recordings/rules/query': now,
    'recordings/rules/update': (body: object) => ({ ...now, ...body }),
    'recordings/schedules/list': { schedules },
    'hooks/streams/list': { streams: [knownStream('show'), knownStream('cam1'), { ...knownStream('desk'), url: 'news/desk', app: 'news', stream: 'desk' }] },
    ...answers,
  });
  const { user } = renderApp('/recordings/rules');
  await screen.findByRole('region', { name: 'What is recorded' });
  return { user, calls };
}

describe('rules of recording', () => {
  test('name the streams that a pattern means while it is written', async () => {
    const { user, calls } = await openRules();
    expect(screen.getByText('Streams are recorded only where it is switched on for them')).toBeVisible();
    const what = screen.getByRole('region', { name: 'What is recorded' });
    await user.click(within(what).getByRole('radio', { name: 'Streams whose name matches' }));
    await user.click(within(what).getByRole('button', { name: 'Save' }));
    expect(within(what).getByText('Write at least one pattern.')).toBeVisible();
    await user.type(within(what).getByLabelText('Patterns'), 'live/*');
    expect(await within(what).findByText('Matches 2 of 3 known streams.')).toBeVisible();
    expect(within(what).getByText('live/show')).toHaveAttribute('title', 'Matches');
    expect(within(what).getByText('news/desk')).toHaveAttribute('title', 'Does not match');
    await user.click(within(what).getByRole('button', { name: 'Save' }));
    expect(await within(what).findByText('Saved')).toBeVisible();
    expect(sent(calls, 'recordings/rules/update')).toEqual([{ record_all: true, globs: ['live/*'], dvr_all: false, vod_all: false }]);
    expect(screen.getByText('Streams that match 1 pattern are recorded')).toBeVisible();
  });

  test('let go of patterns when every stream is meant, and keep them when nothing is', async () => {
    const { user, calls } = await openRules({ record_all: true, globs: ['live/*'] });
    const what = screen.getByRole('region', { name: 'What is recorded' });
    await user.click(within(what).getByRole('radio', { name: 'Every stream' }));
    await user.click(within(what).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'recordings/rules/update')).toHaveLength(1));
    await user.click(within(what).getByRole('radio', { name: 'Nothing by itself' }));
    await user.click(within(what).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'recordings/rules/update')).toHaveLength(2));
    expect(sent(calls, 'recordings/rules/update').map(({ record_all, globs }) => [record_all, globs])).toEqual([
      [true, []],
      [false, undefined],
    ]);
  });

  test('send only what was changed of how it is recorded, and tell a refused folder', async () => {
    const { user, calls } = await openRules({}, [], { 'recordings/rules/update': new Refusal(400, 'invalid', 'The folder is not there.') });
    const how = screen.getByRole('region', { name: 'How it is recorded' });
    await user.clear(within(how).getByLabelText('Split after (s)'));
    await user.type(within(how).getByLabelText('Split after (s)'), '3600');
    expect(within(how).getByText(/Now 1:00:00/)).toBeVisible();
    await user.type(within(how).getByLabelText('Copy each finished MP4 to a folder'), '/mnt/nas');
    await user.click(within(how).getByRole('switch', { name: 'Make an MP4' }));
    await user.click(within(how).getByRole('button', { name: 'Save' }));
    expect(await within(how).findByText('The folder is not there.')).toBeVisible();
    expect(sent(calls, 'recordings/rules/update')).toEqual([{ max_length_s: 3600, post_copy_dir: '/mnt/nas', mp4: false }]);
  });
});

describe('schedules', () => {
  test('say when they come next, and are switched off and removed', async () => {
    const one = schedule('Sunday service', { days: [6], start: '10:00', end: '11:30' });
    const { user, calls } = await openRules({}, [one], { 'recordings/schedules/update': one, 'recordings/schedules/remove': null });
    const row = (await screen.findByText('Sunday service')).closest('li')!;
    expect(within(row).getByText('Sun 10:00–11:30')).toBeVisible();
    expect(within(row).getByText('Europe/Berlin')).toBeVisible();
    expect(within(row).getByText('in 3 hours')).toBeVisible();
    await user.click(within(row).getByRole('switch', { name: 'Use Sunday service' }));
    await waitFor(() => expect(sent(calls, 'recordings/schedules/update')).toEqual([{ id: one.id, enabled: false }]));
    await user.click(within(row).getByRole('button', { name: 'What to do with Sunday service' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    await user.click(await screen.findByRole('button', { name: 'Remove schedule' }));
    await waitFor(() => expect(sent(calls, 'recordings/schedules/remove')).toEqual([{ id: one.id }]));
  });

  test('are made with days, times and a zone; one that passes midnight says so', async () => {
    const { user, calls } = await openRules({}, [], { 'recordings/schedules/create': (body: object) => schedule('Night', body) });
    await user.click(await screen.findByRole('button', { name: 'New schedule' }));
    const form = await screen.findByRole('dialog', { name: 'New schedule' });
    for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday']) await user.click(within(form).getByRole('checkbox', { name: day }));
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    expect(within(form).getByText('Give it a name.')).toBeVisible();
    expect(within(form).getByText('Choose at least one day.')).toBeVisible();
    await user.type(within(form).getByLabelText('Name'), 'Night');
    await user.click(within(form).getByRole('checkbox', { name: 'Saturday' }));
    await user.clear(within(form).getByLabelText('From'));
    await user.type(within(form).getByLabelText('From'), '22:00');
    await user.clear(within(form).getByLabelText('To'));
    await user.type(within(form).getByLabelText('To'), '02:00');
    expect(within(form).getByText('Ends on the next day.')).toBeVisible();
    await user.selectOptions(within(form).getByLabelText('Time zone'), 'Asia/Shanghai');
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'recordings/schedules/create')).toEqual([
      { label: 'Night', glob: 'live/*', days: [5], start: '22:00', end: '02:00', zone: 'Asia/Shanghai', enabled: true },
    ]);
  });
});

async function openTab(now: Partial<StreamRecording>, live: boolean, answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'recordings/stream/query': streamRecording(now),
    'storage/targets/list': { targets: [storageTarget('Archive')], presets: [] },
    'recordings/get': recording('r1'),
    ...answers,
  });
  const { user } = renderApp('/streams/live/show/recording');
  await goLive(live ? [stream('show')] : []);
  await screen.findByRole('radio', { name: 'As the rules say' });
  return { user, calls };
}

describe('the recording tab of a stream', () => {
  test.each([
    [{ wanted: false, why: 'off' }, true, 'Not recording', 'No rule asks for it.'],
    [{ wanted: false, why: 'stream' }, true, 'Not recording', 'Chosen here: never record.'],
    [{ wanted: false, why: 'schedule' }, false, 'Not recording', 'Its schedule has not come yet.'],
    [{ wanted: true, why: 'glob' }, false, 'Records when live', 'Its name matches a pattern of the rules.'],
    [{ wanted: true, why: 'all' }, true, 'Starting', 'The rules record every stream.'],
    [{ wanted: true, why: 'dvr', recording_id: 'r1' }, true, 'Recording', 'DVR is on: every stream is recorded and uploaded.'],
    [{ wanted: true, why: 'all', recording_id: 'r1' }, false, 'Ending', 'The rules record every stream.'],
    [{ wanted: false, why: 'disk' }, true, 'Stopped: disk full', /The disk is too full/],
  ] as const)('says how it stands: %j, live %s', async (now, live, word, why) => {
    await openTab(now, live);
    const card = screen.getByRole('region', { name: 'Now' });
    expect(within(card).getByText(word)).toBeVisible();
    expect(within(card).getByText(why)).toBeVisible();
  });

  test('starts and stops by hand, and shows length and size as they grow', async () => {
    const { user, calls } = await openTab({}, true, {
      'recordings/start': streamRecording({ wanted: true, why: 'manual', manual: 'on', recording_id: 'r1' }),
      'recordings/stop': streamRecording({ why: 'manual', manual: 'off' }),
    });
    await user.click(screen.getByRole('button', { name: 'Start recording' }));
    const card = screen.getByRole('region', { name: 'Now' });
    expect(await within(card).findByText('1:05')).toBeVisible();
    expect(within(card).getByText('12.3 MB')).toBeVisible();
    act(() =>
      FakeEventSource.to('recordings/live').send('recordings', {
        recordings: [recording('r1', { duration_ms: 3_661_000, size_bytes: 1.4e9, holes: [{ at_ms: 0, missing_ms: 4000, reason: 'lost', detail: '' }] })],
        removed: [],
      }),
    );
    expect(within(card).getByText('1:01:01')).toBeVisible();
    expect(within(card).getByText('1.4 GB')).toBeVisible();
    expect(within(card).getByText('0:04')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Stop recording' }));
    expect(await screen.findByText('Stopped by hand, until the publisher leaves.')).toBeVisible();
    expect(sent(calls, 'recordings/start')).toEqual([{ app: 'live', stream: 'show' }]);
    expect(sent(calls, 'recordings/stop')).toEqual([{ app: 'live', stream: 'show' }]);
  });

  test('cannot be started by hand while nobody publishes', async () => {
    await openTab({}, false);
    expect(screen.getByRole('button', { name: 'Start recording' })).toBeDisabled();
  });

  test('has a choice of its own and a storage of its own, in force at once', async () => {
    const { user, calls } = await openTab({}, true, { 'recordings/stream/update': (body: object) => streamRecording({ wanted: true, why: 'stream', ...body }) });
    await user.click(screen.getByRole('radio', { name: 'Always' }));
    expect(await screen.findByText('Chosen here: always record.')).toBeVisible();
    const place = screen.getByLabelText('Upload to');
    await user.selectOptions(place, 'Archive');
    await waitFor(() => expect(place).toHaveValue('target-Archive'));
    await user.selectOptions(place, 'Nowhere: keep on this server only');
    await user.selectOptions(place, 'As for all streams');
    await waitFor(() =>
      expect(sent(calls, 'recordings/stream/update').map(({ mode, target_id }) => [mode, target_id])).toEqual([
        ['on', undefined],
        [undefined, 'target-Archive'],
        [undefined, ''],
        [undefined, null],
      ]),
    );
  });
});
