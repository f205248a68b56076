import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Output, OutputTest, Programme } from '../lib/ffmpeg-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { media, output, PLATFORMS, programme } from '../testing/output-samples';
import { goLive, renderApp } from '../testing/render';
import { knownStream, stream } from '../testing/samples';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(outputs: Output[], answers: Parameters<typeof fakeApi>[0] = {}, programmes: Programme[] = []) {
  const calls = fakeApi({
    'ffmpeg/outputs/list': { outputs, presets: PLATFORMS },
    'ffmpeg/programme/list': { programmes },
    'hooks/streams/list': { streams: [knownStream('show'), knownStream('choir')] },
    ...answers,
  });
  const { user, router } = renderApp('/outputs');
  await screen.findByRole('link', { name: 'Destinations' });
  await goLive([stream('show')]);
  return { user, calls, router };
}

const tell = (outputs: Output[], removed: string[] = []) => act(() => FakeEventSource.to('ffmpeg/live').send('outputs', { outputs, removed }));
const card = async (label: string) => (await screen.findByRole('heading', { name: label })).closest('li')!;

const WORKS: OutputTest = {
  ok: true,
  steps: (['dns', 'connect', 'tls', 'handshake', 'publish', 'media', 'accepted'] as const).map((name) => ({ name, ok: true, took_ms: 40, problem: null })),
  sent_bytes: 1_300_000,
  acked_bytes: 1_250_000,
  kbps: 1000,
};
const WRONG_KEY: OutputTest = {
  ...WORKS,
  ok: false,
  steps: [
    { name: 'connect', ok: true, took_ms: 12, problem: null },
    { name: 'publish', ok: false, took_ms: 90, problem: { key: 'output_wrong_key', message: 'The server does not accept the key.', help: '' } },
    { name: 'media', ok: null, took_ms: 0, problem: null },
  ],
};

describe('destinations', () => {
  test('an empty list teaches and leads straight to the platforms', async () => {
    const { user } = await open([]);
    expect(await screen.findByText('No outputs yet. Add YouTube in a minute')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Add output' }));
    const drawer = await screen.findByRole('dialog', { name: 'Add output' });
    expect(within(drawer).getByRole('button', { name: 'YouTube' })).toBeVisible();
    expect(within(within(drawer).getByRole('region', { name: 'China' })).getByRole('button', { name: 'Bilibili' })).toBeVisible();
  });

  test('tell in words how each is, what arrives, and show of its key only the end', async () => {
    await open([
      output('Channel', { state: 'live', drops: 2, restarts: 1 }),
      output('Church', { state: 'waiting', order: 1, source: { kind: 'programme', app: '', stream: '', programme: 'programme-Sunday' } }),
      output('Night', { state: 'scheduled', order: 3, schedule: { days: [5, 6], start: '22:00', end: '02:00', zone: 'UTC' } }),
      output('Old', { order: 2, source: { kind: 'stream', app: '', stream: '', programme: '' } }),
    ], {}, [programme('Sunday')]);
    const live = await card('Channel');
    expect(within(live).getByText('live/show → YouTube')).toBeVisible();
    expect(within(live).getByText('Key …a1b2')).toBeVisible();
    expect(within(live).getByText(/^Live 1:\d\d$/)).toHaveAccessibleDescription(/The far end accepts what it is sent/);
    expect(within(live).getByText('3.2')).toBeVisible();
    expect(within(live).getByText(/^\d+ s ago$/)).toBeVisible();
    expect(within(await card('Church')).getByText('Sunday → YouTube')).toBeVisible();
    expect(within(await card('Church')).getByText('Waiting for the source')).toBeVisible();
    expect(within(await card('Old')).getByText('Whichever stream is live → YouTube')).toBeVisible();
    expect(within(await card('Night')).getByText('Waiting for its time')).toBeVisible();
    expect(within(await card('Night')).getByText('Sat, Sun 22:00–02:00 (UTC)')).toBeVisible();
    expect(screen.getByText('1 output live · 2 waiting')).toBeVisible();
  });

  test('are green only as long as something was accepted within the last seconds', async () => {
    await open([output('Channel', { state: 'live', accepted_at_ms: Date.now() - 14_500 })]);
    const old = within(await card('Channel')).getByText(/^Last seen \d+ s ago$/);
    expect(old).toHaveAttribute('data-stale');
    tell([output('Channel', { state: 'live' })]);
    expect(within(await card('Channel')).getByText(/^Live 1:\d\d$/)).not.toHaveAttribute('data-stale');
  });

  test('say what went wrong, when they try again, and try at once when told', async () => {
    const problem = { key: 'output_dns', message: 'The name push.example cannot be resolved.', help: 'Check the server address for a slip.' };
    const { user, calls } = await open([output('Channel', { state: 'retrying', problem, attempts: 3, next_try_ms: Date.now() + 9_900 })], { 'ffmpeg/outputs/retry': output('Channel') });
    const one = await card('Channel');
    expect(within(one).getByText('The name push.example cannot be resolved.')).toBeVisible();
    expect(within(one).getByText(/Next try in 0:\d\d\. 3 attempts so far/)).toBeVisible();
    await user.click(within(one).getByRole('button', { name: 'Retry Channel now' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/retry')).toEqual([{ id: 'output-Channel' }]));
  });

  test('give advice with the figures behind it', async () => {
    await open([
      output('Channel', {
        state: 'live',
        media: media({ gop_ms: 8000 }),
        advice: [
          { key: 'output_key_frames', message: 'far apart', help: '', level: 'warning' },
          { key: 'output_of_tomorrow', message: 'Something new.', help: 'Do it.', level: 'info' },
        ],
      }),
    ]);
    const advice = within(await card('Channel')).getByRole('list', { name: 'Advice' });
    expect(within(advice).getByText(/Key frames are 8\.0 s apart; YouTube wants at most 4 s/)).toBeVisible();
    expect(within(advice).getByText('Something new. Do it.')).toBeVisible();
  });

  test('follow live: what changes, what comes, what goes', async () => {
    await open([output('Channel')]);
    await card('Channel');
    tell([output('Channel', { state: 'connecting' }), output('Second', { order: 1 })]);
    expect(await screen.findByText('Connecting')).toBeVisible();
    tell([], ['output-Channel']);
    expect(screen.queryByRole('heading', { name: 'Channel' })).not.toBeInTheDocument();
    expect(screen.getByRole('heading', { name: 'Second' })).toBeVisible();
  });

  test('are found by words and by state', async () => {
    const { user } = await open([output('Channel', { state: 'live' }), output('Church', { order: 1 }), output('Club', { state: 'failed', order: 2 })]);
    await card('Channel');
    await user.click(screen.getByRole('checkbox', { name: 'In trouble 1' }));
    expect(screen.getAllByRole('heading', { level: 2 }).map(({ textContent }) => textContent)).toEqual(['Club']);
    await user.click(screen.getByRole('checkbox', { name: 'Off 1' }));
    await user.type(screen.getByRole('searchbox', { name: 'Search outputs' }), 'chur youtube');
    expect(screen.getAllByRole('heading', { level: 2 }).map(({ textContent }) => textContent)).toEqual(['Church']);
    await user.type(screen.getByRole('searchbox', { name: 'Search outputs' }), 'nothing');
    expect(screen.getByText(/No output fits/)).toBeVisible();
  });

  test('are started together, and stopped only after a question', async () => {
    const { user, calls } = await open([output('Channel', { state: 'live' }), output('Church', { order: 1 })], { 'ffmpeg/outputs/start': null, 'ffmpeg/outputs/stop': null });
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'Start all (1)' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/start')).toEqual([{ ids: ['output-Church'] }]));
    await user.click(screen.getByRole('button', { name: 'Stop all (1)…' }));
    await user.click(await screen.findByRole('button', { name: 'Stop output' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/stop')).toEqual([{ ids: ['output-Channel'] }]));
  });

  test('are switched one by one: what is live asks, what is not goes at once', async () => {
    const { user, calls } = await open([output('Channel', { state: 'live' }), output('Church', { order: 1 })], { 'ffmpeg/outputs/start': null });
    await card('Channel');
    await user.click(screen.getByRole('switch', { name: 'Send to Church' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/start')).toEqual([{ ids: ['output-Church'] }]));
    await user.click(screen.getByRole('switch', { name: 'Send to Channel' }));
    expect(await screen.findByText('Stop Channel?')).toBeVisible();
    expect(sent(calls, 'ffmpeg/outputs/stop')).toEqual([]);
  });

  test('are put in order by the menu and by hand', async () => {
    const { user, calls } = await open([output('A'), output('B', { order: 1 }), output('C', { order: 2 })], { 'ffmpeg/outputs/reorder': null });
    await card('A');
    await user.click(screen.getByRole('button', { name: 'What to do with C' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Move up' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/reorder')).toEqual([{ ids: ['output-A', 'output-C', 'output-B'] }]));
    fireEvent.dragStart(within(await card('A')).getByTitle('Drag to another place'));
    fireEvent.dragOver(await card('C'));
    fireEvent.drop(await card('C'));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/reorder').at(-1)).toEqual({ ids: ['output-B', 'output-C', 'output-A'] }));
  });

  test('are duplicated, and removed after a question', async () => {
    const { user, calls } = await open([output('Channel')], { 'ffmpeg/outputs/duplicate': output('Channel (2)'), 'ffmpeg/outputs/remove': new Refusal(404, 'output_unknown') });
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Duplicate' }));
    await waitFor(() => expect(sent(calls, 'ffmpeg/outputs/duplicate')).toEqual([{ id: 'output-Channel' }]));
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    await user.click(await screen.findByRole('button', { name: 'Remove output' }));
    expect(await screen.findByText('There is no such output any more.')).toBeVisible();
  });

  test('have a log to read and to copy', async () => {
    const lines = [
      { at_ms: Date.now() - 5_000, text: 'connecting to push.example:1935' },
      { at_ms: Date.now() - 4_000, text: 'refused' },
    ];
    const { user } = await open([output('Channel')], { 'ffmpeg/outputs/log': { lines } });
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Log' }));
    const drawer = await screen.findByRole('dialog', { name: 'Log of Channel' });
    const shown = await within(drawer).findAllByRole('listitem');
    expect(shown[0]).toHaveTextContent('refused');
    await user.click(within(drawer).getByRole('button', { name: 'Copy log' }));
    expect(await navigator.clipboard.readText()).toMatch(/^20.*connecting to push\.example:1935\n20.*refused$/);
  });

  test('take ten seconds of a test picture, and show each step', async () => {
    const { user, calls } = await open([output('Channel')], { 'ffmpeg/outputs/test': WRONG_KEY });
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Test push…' }));
    const modal = await screen.findByRole('dialog', { name: 'Test push to Channel' });
    expect(sent(calls, 'ffmpeg/outputs/test')).toEqual([]);
    await user.click(within(modal).getByRole('button', { name: 'Send test picture' }));
    const steps = within(await within(modal).findByRole('list', { name: 'Steps of the test' })).getAllByRole('listitem');
    expect(steps[0]).toHaveTextContent('Reach it12 ms');
    expect(steps[1]).toHaveTextContent('The platform does not accept the key.');
    expect(steps[2]).toHaveTextContent('not tried');
  });
});

describe('the drawer of an output', () => {
  test('asks for what the platform needs, tests it and makes it with the live stream as source', async () => {
    const { user, calls } = await open([], { 'ffmpeg/outputs/test': WORKS, 'ffmpeg/outputs/create': output('YouTube') });
    await user.click(await screen.findByRole('button', { name: 'Add output' }));
    const form = await screen.findByRole('dialog', { name: 'Add output' });
    await user.click(within(form).getByRole('button', { name: 'YouTube' }));
    expect(within(form).getByLabelText('Server')).toHaveDisplayValue('Primary (RTMPS)');
    expect(within(form).getByLabelText('What to send')).toHaveDisplayValue('live/show');
    expect(within(form).getByRole('link', { name: 'Open the page with the key' })).toHaveAttribute('href', 'https://studio.youtube.com/');
    await user.click(within(form).getByRole('button', { name: 'Test push' }));
    expect(within(form).getByText('This is needed.')).toBeVisible();
    const key = within(form).getByLabelText('Stream key');
    expect(key).toHaveAttribute('type', 'password');
    await user.type(key, ' abcd-efgh ');
    await user.click(within(form).getByRole('button', { name: 'Test push' }));
    expect(await within(form).findByText('It works: 1.3 MB arrived at 1.0 Mbit/s')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Add output' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    const server = 'rtmps://a.rtmps.youtube.com:443/live2';
    expect(sent(calls, 'ffmpeg/outputs/test')).toEqual([{ platform: 'youtube', server, sender: 'native', verify_tls: true, key: 'abcd-efgh' }]);
    expect(sent(calls, 'ffmpeg/outputs/create')).toEqual([
      {
        platform: 'youtube',
        server,
        key: 'abcd-efgh',
        source: { kind: 'stream', app: 'live', stream: 'show', programme: '' },
        enabled: true,
        sender: 'native',
        verify_tls: true,
        give_up_after: 0,
        schedule: null,
      },
    ]);
  });

  test('of any server takes an address, a stream by name and times of the week', async () => {
    const { user, calls } = await open([], { 'ffmpeg/outputs/create': output('Club') });
    await user.click(await screen.findByRole('button', { name: 'Add output' }));
    const form = await screen.findByRole('dialog', { name: 'Add output' });
    await user.click(within(form).getByRole('button', { name: 'RTMP or RTMPS server' }));
    await user.type(within(form).getByLabelText('Address of the server'), 'http://no');
    await user.selectOptions(within(form).getByLabelText('What to send'), 'Another stream…');
    await user.click(within(form).getByRole('button', { name: 'Add output' }));
    expect(within(form).getByText(/An address begins with rtmp:/)).toBeVisible();
    expect(within(form).getByText('Choose a stream or programme.')).toBeVisible();
    await user.clear(within(form).getByLabelText('Address of the server'));
    await user.type(within(form).getByLabelText('Address of the server'), 'rtmps://club.example/in/secret');
    await user.clear(within(form).getByLabelText('Name of the stream'));
    await user.type(within(form).getByLabelText('Name of the stream'), 'stage/left');
    await user.type(within(form).getByLabelText('Name'), ' Club ');
    await user.click(within(form).getByText('Advanced'));
    await user.click(within(form).getByRole('switch', { name: 'Check the certificate' }));
    await user.click(within(form).getByRole('switch', { name: 'Only at certain times' }));
    await user.click(within(form).getByRole('radio', { name: 'FFmpeg' }));
    await user.click(within(form).getByRole('button', { name: 'Add output' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'ffmpeg/outputs/create')[0]).toMatchObject({
      label: 'Club',
      server: 'rtmps://club.example/in/secret',
      source: { kind: 'stream', app: 'stage', stream: 'left', programme: '' },
      verify_tls: false,
      sender: 'ffmpeg',
      schedule: { days: [0, 1, 2, 3, 4], start: '18:00', end: '20:00' },
    });
  });

  test('changes a live output by only what differs, and says when that interrupts it', async () => {
    const one = output('Channel', { state: 'live' });
    const { user, calls } = await open([one], { 'ffmpeg/outputs/update': one });
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
    const form = await screen.findByRole('dialog', { name: 'Edit Channel' });
    expect(within(form).getByLabelText('Stream key')).toHaveAttribute('placeholder', 'Stored (…a1b2): leave empty to keep it');
    expect(within(form).queryByRole('button', { name: 'Test push' })).not.toBeInTheDocument();
    await user.type(within(form).getByLabelText('Name'), ' 2');
    expect(within(form).queryByText(/Saving connects this output anew/)).not.toBeInTheDocument();
    await user.selectOptions(within(form).getByLabelText('Server'), 'Backup (RTMP)');
    expect(within(form).getByText(/Saving connects this output anew/)).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'ffmpeg/outputs/update')).toEqual([{ id: one.id, label: 'Channel 2', server: 'rtmp://b.rtmp.youtube.com/live2?backup=1' }]);
  });

  test('keeps what is typed while the output goes on changing', async () => {
    const { user } = await open([output('Channel')]);
    await card('Channel');
    await user.click(screen.getByRole('button', { name: 'What to do with Channel' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
    const form = await screen.findByRole('dialog', { name: 'Edit Channel' });
    await user.type(within(form).getByLabelText('Name'), ' new');
    tell([output('Channel', { state: 'retrying', label: 'Elsewhere' })]);
    expect(within(form).getByLabelText('Name')).toHaveValue('Channel new');
  });
});
