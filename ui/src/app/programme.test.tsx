import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Output, Programme } from '../lib/ffmpeg-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { FakeUpload } from '../testing/fake-upload';
import { media, output, PLATFORMS, programme, sourceState } from '../testing/output-samples';
import { goLive, renderApp } from '../testing/render';
import { knownStream, stream } from '../testing/samples';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);
const picture = () => new Response('jpeg', { headers: { 'Content-Type': 'image/jpeg' } });

async function open(programmes: Programme[], answers: Parameters<typeof fakeApi>[0] = {}, outputs: Output[] = []) {
  const calls = fakeApi({
    'ffmpeg/programme/list': { programmes },
    'ffmpeg/outputs/list': { outputs, presets: PLATFORMS },
    'ffmpeg/slate/preview': picture,
    'ffmpeg/slate/files': { files: [], max_bytes: 200e6, max_clip_s: 60 },
    'hooks/streams/list': { streams: [knownStream('main'), knownStream('roof')] },
    ...answers,
  });
  const { user, router } = renderApp('/outputs/programme');
  await screen.findByRole('link', { name: 'Programme' });
  await goLive([stream('main')]);
  return { user, calls, router };
}

const tell = (programmes: Programme[]) => act(() => FakeEventSource.to('ffmpeg/live').send('programmes', { programmes }));
const sources = async () => within(await screen.findByRole('list', { name: 'Sources' })).getAllByRole('listitem');

describe('the programme', () => {
  test('is explained where there is none, and made with a first and a backup source', async () => {
    const { user, calls } = await open([], { 'ffmpeg/programme/create': programme('Sunday') });
    expect(await screen.findByText('No programme yet')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Create programme' }));
    const form = await screen.findByRole('dialog', { name: 'Create programme' });
    await user.click(within(form).getByRole('button', { name: 'Create programme' }));
    expect(within(form).getByText('Give it a name.')).toBeVisible();
    await user.type(within(form).getByLabelText('Name'), 'Sunday');
    expect(within(form).getByLabelText('First source')).toHaveDisplayValue('live/main');
    await user.selectOptions(within(form).getByLabelText('Backup source'), 'live/roof');
    await user.click(within(form).getByRole('button', { name: 'Create programme' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'ffmpeg/programme/create')).toEqual([
      {
        label: 'Sunday',
        sources: [
          { app: 'live', stream: 'main', label: '' },
          { app: 'live', stream: 'roof', label: '' },
        ],
        slate: { kind: 'card', title: '', subtitle: 'Back soon', file_id: null, audio: 'silent' },
        local_stream: 'live/programme',
        enabled: true,
      },
    ]);
  });

  test('says what is on air, how the sources are, and follows live', async () => {
    await open([programme('Sunday')]);
    expect(await screen.findByText('ON AIR: Main camera')).toBeVisible();
    expect(screen.getByText('Sunday: Main camera is on air')).toBeVisible();
    expect(screen.getByText('Automatic: the first source that is there')).toBeVisible();
    const rows = await sources();
    expect(within(rows[0]!).getByText('On air')).toBeVisible();
    expect(within(rows[0]!).getByText('live/main')).toBeVisible();
    expect(within(rows[1]!).getByText('Ready')).toBeVisible();
    expect(within(rows[1]!).getByText('3.1 Mbit/s')).toBeVisible();
    const problem = { key: 'source_of_tomorrow', message: 'The stream ended.', help: '' };
    tell([programme('Sunday', { state: 'slate', on_air: 'slate', source_states: [sourceState('main', { state: 'lost', problem }), sourceState('backup', { state: 'offline' })] })]);
    expect(await screen.findByText('SLATE')).toBeVisible();
    expect(within((await sources())[0]!).getByText('The stream ended.')).toBeVisible();
    expect(within((await sources())[1]!).getByText('Not there')).toBeVisible();
  });

  test('is switched by hand, held and let go', async () => {
    const one = programme('Sunday');
    const { user, calls } = await open([one], { 'ffmpeg/programme/take': one, 'ffmpeg/programme/release': one });
    expect(await screen.findByRole('button', { name: 'Take Main camera' })).toBeDisabled();
    await user.click(screen.getByRole('button', { name: 'Take live/backup' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/take')).toEqual([{ id: one.id, source: 'live/backup', hold: false }]));
    await user.click(screen.getByRole('button', { name: 'Show slate' }));
    await user.click(screen.getByRole('button', { name: 'Hold' }));
    await waitFor(() =>
      expect(sent(calls, 'ffmpeg/programme/take').slice(1)).toEqual([
        { id: one.id, source: 'slate', hold: false },
        { id: one.id, source: 'live/main', hold: true },
      ]),
    );
    expect(screen.getByRole('button', { name: 'Back to automatic' })).toBeDisabled();
    tell([programme('Sunday', { taken: 'live/main', hold: true })]);
    expect(await screen.findByText('Held: nothing else until you let it go')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Back to automatic' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/release')).toEqual([{ id: one.id }]));
  });

  test('has its sources put in order, added and removed at once', async () => {
    const one = programme('Sunday');
    const { user, calls } = await open([one], { 'ffmpeg/programme/update': one });
    await user.click(await screen.findByRole('button', { name: 'What to do with live/backup' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Higher priority' }));
    const [main, backup] = one.sources;
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update')).toEqual([{ id: one.id, sources: [backup, main] }]));
    await user.click(screen.getByRole('button', { name: 'Add source' }));
    expect(screen.getByText('Choose a stream.')).toBeVisible();
    await user.selectOptions(screen.getByLabelText('Another source'), 'live/roof');
    await user.type(screen.getByPlaceholderText('Main camera'), ' Roof ');
    await user.click(screen.getByRole('button', { name: 'Add source' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update').at(-1)).toEqual({ id: one.id, sources: [main, backup, { app: 'live', stream: 'roof', label: 'Roof' }] }));
    await user.click(screen.getByRole('button', { name: 'What to do with Main camera' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove from the sources' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update').at(-1)).toEqual({ id: one.id, sources: [backup] }));
  });

  test('warns of sources that differ, unless they are brought into one format', async () => {
    const source_states = [sourceState('main', { state: 'on_air' }), sourceState('backup', { media: media({ height: 1080 }) })];
    await open([programme('Sunday', { source_states })]);
    expect(await screen.findByText('The sources differ in size or sound')).toBeVisible();
    tell([programme('Sunday', { source_states, normalise: { ...programme('').normalise, enabled: true } })]);
    expect(screen.queryByText('The sources differ in size or sound')).not.toBeInTheDocument();
  });

  test('shows which outputs carry it, and asks before it ends there', async () => {
    const carrying = output('Parish', { state: 'live', source: { kind: 'programme', app: '', stream: '', programme: 'programme-Sunday' } });
    const one = programme('Sunday', { outputs: [carrying.id] });
    const { user, calls } = await open([one], { 'ffmpeg/programme/update': one }, [carrying, output('Other')]);
    const list = await screen.findByRole('list', { name: 'Outputs that carry it' });
    expect(await within(list).findByText('Parish')).toBeVisible();
    expect(within(list).queryByText('Other')).not.toBeInTheDocument();
    await user.click(screen.getByRole('switch', { name: 'Programme on' }));
    expect(await screen.findByText('1 output carries it: the show ends there.')).toBeVisible();
    expect(sent(calls, 'ffmpeg/programme/update')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Switch off' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update')).toEqual([{ id: one.id, enabled: false }]));
  });

  test('leads to a new output that carries it', async () => {
    const { user, router } = await open([programme('Sunday')]);
    await user.click(await screen.findByRole('link', { name: 'Add output' }));
    const form = await screen.findByRole('dialog', { name: 'Add output' });
    await user.click(within(form).getByRole('button', { name: 'YouTube' }));
    expect(within(form).getByLabelText('What to send')).toHaveDisplayValue('Sunday');
    await user.click(within(form).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
  });

  test('is one of several, and removed after a question', async () => {
    const { user, calls } = await open([programme('Sunday'), programme('Club')], { 'ffmpeg/programme/remove': new Refusal(404, 'programme_unknown') });
    await user.selectOptions(await screen.findByLabelText('Programme', { selector: 'select' }), 'Club');
    await user.click(await screen.findByRole('button', { name: 'What to do with Club' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    await user.click(await screen.findByRole('button', { name: 'Remove programme' }));
    expect(await screen.findByText('There is no such programme any more.')).toBeVisible();
    expect(sent(calls, 'ffmpeg/programme/remove')).toEqual([{ id: 'programme-Club' }]);
  });
});

describe('the slate', () => {
  test('is seen as it is written, and saved as a whole', async () => {
    const one = programme('Sunday');
    const { user, calls } = await open([one], { 'ffmpeg/programme/update': one });
    const card = await screen.findByRole('region', { name: 'Slate' });
    const before = await within(card).findByRole('img', { name: 'How the slate will look' });
    expect(before).toHaveAttribute('src', expect.stringMatching(/^data:image\/jpeg/));
    expect(sent(calls, 'ffmpeg/slate/preview').at(-1)).toMatchObject({ slate: { title: 'Sunday', subtitle: 'Back soon' }, width: 640, height: 360 });
    await user.clear(within(card).getByLabelText('Second line'));
    await user.type(within(card).getByLabelText('Second line'), 'At eight');
    await waitFor(() => expect(sent(calls, 'ffmpeg/slate/preview').at(-1)).toMatchObject({ slate: { subtitle: 'At eight' } }));
    await user.click(within(card).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update')).toEqual([{ id: one.id, slate: { ...one.slate, subtitle: 'At eight' } }]));
  });

  test('says why it cannot be drawn', async () => {
    await open([programme('Sunday', { slate_problem: { key: 'slate_file_missing', message: '', help: '' } })], { 'ffmpeg/slate/preview': new Refusal(404, 'slate_file_missing') });
    expect(await screen.findByText('There is no slate')).toBeVisible();
    expect(await within(await screen.findByRole('region', { name: 'Slate' })).findByText('The file of this slate is gone.')).toBeVisible();
  });

  test('is told of in its own words when FFmpeg fails', async () => {
    await open([programme('Sunday')], { 'ffmpeg/slate/preview': new Refusal(422, 'ffmpeg_timeout') });
    expect(await within(await screen.findByRole('region', { name: 'Slate' })).findByText('The slate could not be drawn.')).toBeVisible();
  });

  test('is a clip of the operator, sent with its progress and with its own sound', async () => {
    const clip = { id: 'c1', name: 'loop.mp4', kind: 'clip', bytes: 4e6, width: 1280, height: 720, duration_ms: 8_000, created_ms: 0 };
    const files: object[] = [{ ...clip, id: 'p1', name: 'logo.png', kind: 'picture', duration_ms: 0 }];
    const one = programme('Sunday');
    const upload = FakeUpload.use();
    const { user, calls } = await open([one], {
      'ffmpeg/slate/files': () => ({ files, max_bytes: 200e6, max_clip_s: 60 }),
      'ffmpeg/programme/update': one,
      'ffmpeg/slate/remove': null,
    });
    const card = await screen.findByRole('region', { name: 'Slate' });
    await user.click(within(card).getByRole('radio', { name: 'Clip' }));
    expect(within(card).getByText('Choose a file or send one.')).toBeVisible();
    expect(await within(card).findByText(/at most 200\.0 MB and 60 s/)).toBeVisible();
    expect(within(card).queryByText('logo.png')).not.toBeInTheDocument();
    await user.upload(card.querySelector<HTMLInputElement>('input[type=file]')!, new File(['12345678'], 'loop.mp4', { type: 'video/mp4' }));
    expect(upload.last.url).toBe('/terraform/v1/ffmpeg/slate/upload?name=loop.mp4');
    act(() => upload.last.goOn(4));
    expect(await within(card).findByRole('progressbar', { name: 'Upload of loop.mp4' })).toHaveAttribute('aria-valuenow', '50');
    files.push(clip);
    act(() => upload.last.answer(200, { code: 0, data: clip }));
    expect(await within(card).findByRole('radio', { name: 'loop.mp4' })).toBeChecked();
    expect(within(card).getByText('1280×720 · 0:08 · 4.0 MB')).toBeVisible();
    await user.click(within(card).getByRole('switch', { name: 'With its own sound' }));
    await user.click(within(card).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/programme/update')).toEqual([{ id: one.id, slate: { ...one.slate, kind: 'clip', file_id: 'c1', audio: 'own' } }]));
    tell([programme('Sunday', { slate: { ...one.slate, kind: 'clip', file_id: 'c1', audio: 'own' } })]);
    expect(await within(card).findByText('Saved')).toBeVisible();
    await user.click(within(card).getByRole('button', { name: 'Delete loop.mp4' }));
    await user.click(await screen.findByRole('button', { name: 'Delete file' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/slate/remove')).toEqual([{ id: 'c1' }]));
  });
});

test('settings of the programme are checked and saved where they differ', async () => {
  const one = programme('Sunday');
  const { user, calls } = await open([one], { 'ffmpeg/programme/update': one });
  const card = await screen.findByRole('region', { name: 'Settings' });
  await user.type(within(card).getByLabelText('Also watchable here as'), 'live/main');
  await user.click(within(card).getByRole('button', { name: 'Save' }));
  expect(within(card).getByText('Write it as app/stream, and not as one of the sources.')).toBeVisible();
  await user.type(within(card).getByLabelText('Also watchable here as'), '2');
  await user.click(within(card).getByRole('radio', { name: 'With the first source' }));
  await user.click(within(card).getByRole('switch', { name: 'One format for all' }));
  await user.selectOptions(within(card).getByLabelText('Picture'), '1920×1080, 25 fps');
  await user.click(within(card).getByRole('button', { name: 'Save' }));
  await waitFor(() =>
    expect(sent(calls, 'ffmpeg/programme/update')).toEqual([
      { id: one.id, local_stream: 'live/main2', start: 'first_source', normalise: { ...one.normalise, enabled: true, width: 1920, height: 1080, fps: 25 } },
    ]),
  );
});
