import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import type { Channel } from '../lib/ffmpeg-types';
import { changeLanguage } from '../lib/i18n';
import { CAMERA, channel, item, MEDIA } from '../testing/channel-samples';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { goLive, renderApp } from '../testing/render';

/** Uploads that have begun: what was asked of the protocol's client. */
const uploads: { metadata: unknown; succeed: () => void }[] = [];

vi.mock('tus-js-client', () => ({
  Upload: class {
    url: string | null = null;

    constructor(
      _file: File,
      private readonly options: { metadata: unknown; onUploadUrlAvailable: () => void; onSuccess: (payload: object) => void },
    ) {
      uploads.push({
        metadata: options.metadata,
        succeed: () => {
          this.url = '/terraform/v1/uploads/u7';
          this.options.onUploadUrlAvailable();
          this.options.onSuccess({});
        },
      });
    }

    start(): void {}

    abort(): Promise<void> {
      return Promise.resolve();
    }
  },
}));

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

const FILES = {
  vlive: [{ path: 'vlive/f1.mp4', name: 'intro.mp4', bytes: 12e6, duration_ms: 0 }],
  upload: [{ path: 'upload/loop.mkv', name: 'loop.mkv', bytes: 3e6, duration_ms: 0 }],
  record: [{ path: 'record/r1/index.mp4', name: 'Sunday show', bytes: 9e8, duration_ms: 3_723_000 }],
};

const WORKS = { media: MEDIA, duration_ms: 42_000, kbps: 2500, problem: null };

async function open(channels: Channel[], path = '/channels', answers: Parameters<typeof fakeApi>[0] = {}) {
  uploads.length = 0;
  const calls = fakeApi({
    'ffmpeg/channels/list': { channels },
    'ffmpeg/channels/limits/query': { vlive_kbps: 5000, camera_kbps: 5000, quota_mb: 20_000 },
    'ffmpeg/channels/files': ({ folder }: { folder: keyof typeof FILES }) => ({ files: FILES[folder], used_bytes: 12e6, quota_bytes: 20e9 }),
    'ffmpeg/channels/probe': WORKS,
    'ffmpeg/channels/create': channel('New'),
    'ffmpeg/channels/update': channel('New'),
    'ffmpeg/channels/start': channel('New'),
    'ffmpeg/channels/stop': channel('New'),
    'ffmpeg/channels/skip': channel('New'),
    'ffmpeg/channels/remove': null,
    'uploads/': () => Response.json({ code: 0, data: { uploads: [] } }, { headers: { 'Tus-Max-Size': '10000000000' } }),
    ...answers,
  });
  const { user } = renderApp(path);
  await goLive([]);
  return { user, calls };
}

async function tell(event: Record<string, unknown>): Promise<void> {
  const source = await waitFor(() => FakeEventSource.to('ffmpeg/live'));
  act(() => {
    source.open();
    for (const [kind, things] of Object.entries(event)) source.send(kind, { [kind]: things });
  });
}

const rows = async (list: string) => within(await screen.findByRole('region', { name: list })).findAllByRole('listitem');

describe('channels', () => {
  test('that are none teach what they are for', async () => {
    await open([]);
    expect(await screen.findByText(/play one after the other without a gap/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Cameras' })).toHaveAttribute('href', '/mgmt/channels/cameras');
  });

  test('say in words how they are, what plays and where it goes', async () => {
    await open([]);
    const outputs = [{ id: 'o1', label: 'YouTube' }];
    await tell({
      outputs,
      channels: [
        channel('Films', { enabled: true, state: 'live', kbps: 2512, media: MEDIA, now: { index: 1, name: 'two', position_ms: 15_000 } }),
        channel('News', { to: { kind: 'outputs', app: '', stream: '', outputs: ['o1'], server: '', key_hint: '' }, shuffle: true }),
        channel('Late', { enabled: true, state: 'scheduled', max_duration_s: 3600, schedule: { days: [0, 1, 2], start: '22:00', end: '23:00', zone: 'UTC' } }),
        channel('Broken', { enabled: true, state: 'failed', problem: { key: 'source_missing', message: 'gone', help: '' } }),
        channel('Camera', CAMERA),
      ],
    });
    const [films, news, late, broken, ...more] = await rows('Channels');
    expect(more).toEqual([]);
    expect(screen.getByText('1 live · 1 in trouble · 1 waiting for its time')).toBeVisible();
    expect(within(films!).getByText('Live')).toBeVisible();
    expect(films).toHaveTextContent('2 of 2two0:15 / 1:00');
    expect(within(films!).getByRole('progressbar', { name: 'How far two has played' })).toHaveAttribute('aria-valuenow', '25');
    expect(films).toHaveTextContent('2.5 Mbit/s');
    expect(films).toHaveTextContent('1280×720 H.264 + AAC');
    expect(within(films!).getByRole('link', { name: 'live/films' })).toHaveAttribute('href', '/mgmt/streams/live/films');
    expect(films!.querySelector('img')?.getAttribute('src')).toMatch(/snapshot\/live\/films\.jpg/);
    expect(news).toHaveTextContent('To 1 output');
    expect(news).toHaveTextContent('2 items · in a loop · in random order');
    expect(within(late!).getByText('Waits for its time')).toBeVisible();
    expect(late).toHaveTextContent('Mon–Wed 22:00–23:00 UTC');
    expect(late).toHaveTextContent('at most 1:00:00');
    expect(within(broken!).getByText('Given up')).toBeVisible();
    expect(within(broken!).getByText(/There is nothing there/)).toBeVisible();
  });

  test('carry the position on between two words of the server', async () => {
    await open([]);
    const playing = channel('Films', { enabled: true, state: 'live', now: { index: 0, name: 'one', position_ms: 15_000 } });
    await tell({ channels: [playing] });
    const [films] = await rows('Channels');
    expect(films).toHaveTextContent('0:15 / 1:00');
    await waitFor(() => expect(films).toHaveTextContent(/0:1[678] \/ 1:00/));
    await tell({ channels: [{ ...playing, now: { index: 1, name: 'two', position_ms: 2_000 } }] });
    expect(films).toHaveTextContent(/2 of 2two0:0[23] \/ 1:00/);
  });

  test('lose their colour when nothing is heard of them any more', async () => {
    const films = channel('Films', { enabled: true, state: 'live' });
    await open([films]);
    await tell({ channels: [films] });
    expect(await screen.findByText('Live')).toBeVisible();
    act(() => FakeEventSource.to('ffmpeg/live').fail());
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 14_500);
    expect(await screen.findByText(/^Last seen \d+ s ago$/)).toBeVisible();
    vi.restoreAllMocks();
  });

  test('are started, stopped and told to go on', async () => {
    const { user, calls } = await open([channel('Films'), channel('News', { enabled: true, state: 'live' })]);
    await user.click(await screen.findByRole('button', { name: 'Start Films' }));
    await user.click(screen.getByRole('button', { name: 'Next item of News' }));
    await user.click(screen.getByRole('button', { name: 'Stop News' }));
    expect(screen.queryByRole('button', { name: 'Next item of Films' })).toBeNull();
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/stop')).toEqual([{ id: 'channel-News' }]));
    expect(sent(calls, 'ffmpeg/channels/start')).toEqual([{ id: 'channel-Films' }]);
    expect(sent(calls, 'ffmpeg/channels/skip')).toEqual([{ id: 'channel-News' }]);
  });

  test('that cannot be started say why', async () => {
    const { user } = await open([channel('Films')], '/channels', { 'ffmpeg/channels/start': new Refusal(409, 'channel_empty') });
    await user.click(await screen.findByRole('button', { name: 'Start Films' }));
    expect(await screen.findByText('There is nothing to play.')).toBeVisible();
  });

  test('are removed after a question', async () => {
    const { user, calls } = await open([channel('Films')]);
    await user.click(await screen.findByRole('button', { name: 'What to do with Films' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Remove Films?' });
    await user.click(within(dialog).getByRole('button', { name: 'Remove channel' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/remove')).toEqual([{ id: 'channel-Films' }]));
  });

  test('have limits that are saved as a whole', async () => {
    const { user, calls } = await open([], '/channels', { 'ffmpeg/channels/limits/update': { vlive_kbps: 8000, camera_kbps: 5000, quota_mb: 20_000 } });
    const card = within(await screen.findByRole('region', { name: 'Limits' }));
    const field = await card.findByLabelText('Most of one film, kbit/s');
    await user.clear(field);
    await user.type(field, '8000');
    await user.click(card.getByRole('button', { name: 'Save' }));
    expect(await card.findByText('Saved')).toBeVisible();
    expect(sent(calls, 'ffmpeg/channels/limits/update')).toEqual([{ vlive_kbps: 8000 }]);
  });

  test('speak Chinese', async () => {
    await changeLanguage('zh');
    await open([channel('Films', { enabled: true, state: 'retrying', problem: { key: 'source_timeout', message: '', help: '' } })]);
    expect(await screen.findByText('重试中')).toBeVisible();
    expect(screen.getByText(/对方没有响应/)).toBeVisible();
    expect(screen.getByRole('link', { name: '虚拟直播' })).toBeVisible();
  });
});

describe('a new channel', () => {
  async function openForm(answers: Parameters<typeof fakeApi>[0] = {}) {
    const { user, calls } = await open([], '/channels', answers);
    await user.click(await screen.findByRole('button', { name: 'New channel' }));
    const form = await screen.findByRole('dialog', { name: 'New channel' });
    const choose = (tab: string) => user.click(within(form).getByRole('tab', { name: tab }));
    const save = () => user.click(within(form).getByRole('button', { name: 'Save and start' }));
    const names = () => within(within(form).getByRole('list', { name: 'Playlist' })).getAllByRole('listitem').map((one) => one.querySelector('[class*=name]')?.textContent);
    return { user, calls, form, choose, save, names };
  }

  test('says what is missing', async () => {
    const { form, calls, save } = await openForm();
    await save();
    expect(within(form).getByText('Give it a name.')).toBeVisible();
    expect(within(form).getByText('Add at least one item.')).toBeVisible();
    expect(sent(calls, 'ffmpeg/channels/create')).toEqual([]);
  });

  test('is put together from the server, the library and an address, in the order that is wanted', async () => {
    const { user, calls, form, choose, save, names } = await openForm();
    await user.type(within(form).getByLabelText('Name'), 'Evening films');
    expect(within(form).getByLabelText('Stream')).toHaveValue('live/evening-films');
    await choose('Server files');
    await user.click(await within(form).findByRole('button', { name: 'Add intro.mp4' }));
    expect(within(form).getByText('12.0 MB of 20.0 GB used')).toBeVisible();
    expect(within(form).getByText('In the playlist')).toBeVisible();
    expect(await within(form).findByText('0:42')).toBeVisible();
    expect(within(form).getByText('1 item · 0:42 in total')).toBeVisible();
    await user.selectOptions(within(form).getByLabelText('Folder'), 'Put there by hand (upload/)');
    await user.click(await within(form).findByRole('button', { name: 'Add loop.mkv' }));
    await choose('Library');
    await user.type(await within(form).findByLabelText('Search recordings'), 'sund');
    await user.click(await within(form).findByRole('button', { name: 'Add Sunday show' }));
    await choose('Address');
    await user.type(within(form).getByRole('textbox', { name: 'Address' }), 'https://example.com/live/far.m3u8');
    await user.click(within(form).getByRole('button', { name: 'Try it' }));
    expect(await within(form).findByText('It works')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Add' }));
    expect(names()).toEqual(['intro.mp4', 'loop.mkv', 'Sunday show', 'far.m3u8']);
    expect(sent(calls, 'ffmpeg/channels/probe')).toContainEqual({ url: 'https://example.com/live/far.m3u8', kind: 'vlive', allow_private: false });

    await user.click(within(form).getByRole('button', { name: 'Move far.m3u8 up' }));
    expect(names()).toEqual(['intro.mp4', 'loop.mkv', 'far.m3u8', 'Sunday show']);
    expect(within(form).getByText('far.m3u8 is now number 3 of 4')).toBeInTheDocument();
    expect(within(form).getByRole('button', { name: 'Move far.m3u8 up' })).toHaveFocus();
    await user.click(within(form).getByRole('button', { name: 'Take loop.mkv off the playlist' }));
    await user.click(within(form).getByRole('switch', { name: 'Random order' }));
    await save();
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(sent(calls, 'ffmpeg/channels/create')).toEqual([
      {
        kind: 'vlive',
        label: 'Evening films',
        to: { kind: 'stream', app: 'live', stream: 'evening-films' },
        items: [
          { type: 'upload', name: 'intro.mp4', target: 'vlive/f1.mp4' },
          { type: 'stream', name: 'far.m3u8', target: 'https://example.com/live/far.m3u8' },
          { type: 'file', name: 'Sunday show', target: 'record/r1/index.mp4' },
        ],
        loop: true,
        shuffle: true,
        max_duration_s: 0,
        schedule: null,
        transcode: 'auto',
        extra_audio: '',
        allow_private: false,
        enabled: true,
      },
    ]);
  });

  test('is ordered by dragging', async () => {
    const { user, form, choose, names } = await openForm();
    await choose('Server files');
    await user.click(await within(form).findByRole('button', { name: 'Add intro.mp4' }));
    await user.selectOptions(within(form).getByLabelText('Folder'), 'Put there by hand (upload/)');
    await user.click(await within(form).findByRole('button', { name: 'Add loop.mkv' }));
    const dataTransfer = { setData: () => undefined, setDragImage: () => undefined };
    const [first, second] = within(within(form).getByRole('list', { name: 'Playlist' })).getAllByRole('listitem');
    fireEvent.dragOver(second!, { dataTransfer });
    expect(names()).toEqual(['intro.mp4', 'loop.mkv']);
    fireEvent.dragStart(within(first!).getByTitle('Drag intro.mp4 to another place'), { dataTransfer });
    fireEvent.dragOver(second!, { dataTransfer });
    fireEvent.drop(second!, { dataTransfer });
    expect(names()).toEqual(['loop.mkv', 'intro.mp4']);
  });

  test('takes a film in when it has arrived, whatever is looked at meanwhile', async () => {
    const { user, calls, form, choose, save, names } = await openForm();
    await user.type(within(form).getByLabelText('Name'), 'Films');
    const panel = await within(form).findByRole('region', { name: 'Upload files' });
    await within(panel).findByText(/At most 10.0 GB each/);
    await user.upload(panel.querySelector<HTMLInputElement>('input[type=file]')!, new File(['x'], 'My Film.MP4', { type: 'video/mp4' }));
    expect(await within(panel).findByText('Uploading')).toBeVisible();
    await waitFor(() => expect(uploads).toHaveLength(1));
    expect(uploads[0]!.metadata).toEqual({ filename: 'My Film.MP4', title: 'My Film', purpose: 'vlive' });
    await choose('Library');
    act(() => uploads[0]!.succeed());
    expect(names()).toEqual(['My Film.MP4']);
    expect(within(panel).queryByText('Arrived')).toBeNull();
    await save();
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/create')).toHaveLength(1));
    expect(sent(calls, 'ffmpeg/channels/create')[0]).toMatchObject({ items: [{ type: 'upload', name: 'My Film.MP4', target: 'vlive/u7.mp4' }] });
  });

  test('goes to outputs, at certain times and for so long only', async () => {
    const { user, calls, form, choose, save } = await openForm();
    await tell({ outputs: [{ id: 'o1', label: 'YouTube' }, { id: 'o2', label: 'Twitch' }], channels: [] });
    await user.type(within(form).getByLabelText('Name'), 'Films');
    await choose('Server files');
    await user.click(await within(form).findByRole('button', { name: 'Add intro.mp4' }));
    await user.click(within(form).getByRole('radio', { name: 'Straight to outputs' }));
    await save();
    expect(within(form).getByText('Choose at least one output.')).toBeVisible();
    await user.click(within(form).getByRole('checkbox', { name: 'Twitch' }));
    await user.click(within(form).getByRole('switch', { name: 'Only at certain times' }));
    const minutes = within(form).getByLabelText('Stop after so many minutes');
    await user.clear(minutes);
    await user.type(minutes, '90');
    await save();
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/create')).toHaveLength(1));
    expect(sent(calls, 'ffmpeg/channels/create')[0]).toMatchObject({
      to: { kind: 'outputs', outputs: ['o2'] },
      max_duration_s: 5400,
      schedule: { days: [0, 1, 2, 3, 4], start: '18:00', end: '20:00' },
    });
  });

  test('says what is wrong with a file, and lets one be deleted from the server after a question', async () => {
    const { user, calls, form, choose } = await openForm({
      'ffmpeg/channels/probe': { media: null, duration_ms: 0, kbps: 0, problem: { key: 'source_broken', message: 'broken', help: '' } },
      'ffmpeg/channels/files/remove': null,
    });
    await choose('Server files');
    await user.click(await within(form).findByRole('button', { name: 'Add intro.mp4' }));
    expect(await within(form).findByText(/It cannot be read as video or sound/)).toBeVisible();
    expect(within(form).queryByRole('button', { name: 'Delete intro.mp4 from the server' })).toBeNull();
    await user.click(within(form).getByRole('button', { name: 'Take intro.mp4 off the playlist' }));
    await user.click(within(form).getByRole('button', { name: 'Delete intro.mp4 from the server' }));
    await user.click(within(form).getByRole('button', { name: 'Delete' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/files/remove')).toEqual([{ path: 'vlive/f1.mp4' }]));
  });
});

test('a channel is changed without sending again what is stored', async () => {
  const far = item('far', { type: 'stream', target: 'https://•••@example.com/a.m3u8' });
  const { user, calls } = await open([channel('Films', { items: [item('one'), far] })]);
  await user.click(await screen.findByRole('button', { name: 'What to do with Films' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
  const form = await screen.findByRole('dialog', { name: 'Edit Films' });
  await user.click(within(form).getByRole('button', { name: 'Move far up' }));
  await user.click(within(form).getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sent(calls, 'ffmpeg/channels/update')[0]).toMatchObject({
    id: 'channel-Films',
    items: [
      { id: 'item-far', name: 'far' },
      { id: 'item-one', name: 'one' },
    ],
  });
  expect(sent(calls, 'ffmpeg/channels/update')[0]).not.toHaveProperty('enabled');
});

describe('cameras', () => {
  test('in trouble say why, and when they try again', async () => {
    await open([], '/channels/cameras');
    const problem = { key: 'source_unreachable', message: 'nobody', help: '' };
    await tell({ channels: [channel('Door', { ...CAMERA, enabled: true, state: 'retrying', problem, next_try_ms: Date.now() + 9_500 })] });
    const [door] = await rows('Cameras');
    expect(within(door!).getByText('Trying again')).toBeVisible();
    expect(door).toHaveTextContent(/Nothing answers at this address\..*Next try in (10|9) s/);
    expect(door).toHaveTextContent('From rtsp://•••@192.168.1.20/stream1');
    await waitFor(() => expect(door).toHaveTextContent(/Next try in [5-8] s/));
  });

  test('are added by an address that is tried first, in a private network only when that is allowed', async () => {
    const { user, calls } = await open([], '/channels/cameras', {
      'ffmpeg/channels/probe': ({ allow_private }: { allow_private?: unknown }) =>
        allow_private
          ? { ...WORKS, duration_ms: 0, media: { ...MEDIA, audio_codec: '' } }
          : { media: null, duration_ms: 0, kbps: 0, problem: { key: 'channel_private_address', message: 'private', help: '' } },
    });
    await user.click(await screen.findByRole('button', { name: 'Add camera' }));
    const form = await screen.findByRole('dialog', { name: 'Add camera' });
    await user.type(within(form).getByLabelText('Name'), 'Front door');
    await user.click(within(form).getByRole('button', { name: 'Save and start' }));
    expect(within(form).getByText(/An address begins with rtsp/)).toBeVisible();
    await user.type(within(form).getByLabelText('Address'), 'rtsp://admin:pw@192.168.1.20/stream1');
    await user.click(within(form).getByRole('button', { name: 'Try it' }));
    expect(await within(form).findByText(/This address lies in a private network/)).toBeVisible();
    await user.click(within(form).getByRole('switch', { name: 'Allow addresses in a private network' }));
    await user.click(within(form).getByRole('button', { name: 'Try it' }));
    expect(await within(form).findByText('none: silence can be added')).toBeVisible();
    expect(within(form).getByText('live, without an end')).toBeVisible();
    await user.click(within(form).getByRole('switch', { name: 'Add silence where there is no sound' }));
    await user.selectOptions(within(form).getByLabelText('Encoding'), 'Never encode anew: pass on as it is');
    await user.click(within(form).getByRole('button', { name: 'Save and start' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(sent(calls, 'ffmpeg/channels/create')).toEqual([
      expect.objectContaining({
        kind: 'camera',
        label: 'Front door',
        to: { kind: 'stream', app: 'live', stream: 'front-door' },
        items: [{ type: 'stream', name: 'Front door', target: 'rtsp://admin:pw@192.168.1.20/stream1' }],
        extra_audio: 'silent',
        transcode: 'never',
        allow_private: true,
      }),
    ]);
  });

  test('keep their address unless another one is written', async () => {
    const { user, calls } = await open([channel('Door', CAMERA)], '/channels/cameras');
    await user.click(await screen.findByRole('button', { name: 'What to do with Door' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
    const form = await screen.findByRole('dialog', { name: 'Edit Door' });
    expect(within(form).getByLabelText('Address')).toHaveValue('');
    expect(within(form).getByText(/leave empty to keep it/)).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/channels/update')).toHaveLength(1));
    expect(sent(calls, 'ffmpeg/channels/update')[0]).toMatchObject({ id: 'channel-Door', items: [{ id: 'item-door', name: 'Door' }] });
  });
});
