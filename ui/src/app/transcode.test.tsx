import { act, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Rendition, Transcode } from '../lib/ffmpeg-types';
import { changeLanguage } from '../lib/i18n';
import { MACHINE, transcode } from '../testing/channel-samples';
import { fakeApi, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { goLive, renderApp } from '../testing/render';
import { knownStream, stream } from '../testing/samples';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(transcodes: Transcode[], answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'ffmpeg/transcode/list': { transcodes, machine: MACHINE },
    'ffmpeg/transcode/estimate': ({ renditions }: { renditions: Rendition[] }) => {
      const per = renditions.map(({ width, codec }) => (codec === 'none' ? 0.7 : width / 20));
      const percent = per.reduce((sum, one) => sum + one, 4);
      return { percent, free_percent: MACHINE.free_percent, ok: percent <= MACHINE.free_percent, per };
    },
    'ffmpeg/transcode/create': transcode('show'),
    'ffmpeg/transcode/update': transcode('show'),
    'ffmpeg/transcode/start': transcode('show'),
    'ffmpeg/transcode/stop': transcode('show'),
    'ffmpeg/transcode/remove': null,
    'hooks/streams/list': { streams: [knownStream('news')] },
    ...answers,
  });
  const { user } = renderApp('/channels/transcode');
  await goLive([stream('show')]);
  return { user, calls };
}

const REFUSED = { key: 'transcode_refused', message: 'it would take 120.3 % of the processor and 38.5 % is free', help: '' };

test('without ladders it says what they are for, and what the machine can carry', async () => {
  await open([]);
  expect(await screen.findByText(/Players switch by themselves/)).toBeVisible();
  const machine = within(screen.getByRole('region', { name: 'This machine' }));
  expect(await machine.findByText('61')).toBeVisible();
  expect(machine.getByText('none')).toBeVisible();
});

test('ladders say how they are, what they cost, and where players find them', async () => {
  await open([]);
  const source = await waitFor(() => FakeEventSource.to('ffmpeg/live'));
  act(() => {
    source.open();
    source.send('transcodes', {
      transcodes: [
        transcode('show', { enabled: true, state: 'live', cpu_percent: 42.4, speed: 1.01 }),
        transcode('big', { label: 'Everything', enabled: true, state: 'refused', problem: REFUSED }),
      ],
    });
  });
  const [show, big] = within(await screen.findByRole('region', { name: 'Ladders' }))
    .getAllByRole('listitem')
    .filter((one) => one.querySelector('h3'));
  expect(screen.getByText('1 ladder live · 1 in trouble')).toBeVisible();
  expect(show).toHaveTextContent('42 % of the processor');
  expect(show).toHaveTextContent('1.01× real time');
  expect(show).toHaveTextContent('720p 1280×720 · 2800 kbit/s');
  expect(show).toHaveTextContent('audio 96 kbit/s');
  expect(within(show!).getByLabelText('Address for players of live/show')).toHaveValue(`${location.origin}/live/show_ladder.m3u8`);
  expect(within(big!).getByText('Refused')).toBeVisible();
  expect(big).toHaveTextContent('It would take 120.3 % of the processor, and 38.5 % are free.');
  expect(within(big!).getByRole('button', { name: 'Start Everything' })).toBeVisible();
});

test('a refusal keeps its figures in Chinese', async () => {
  await changeLanguage('zh');
  await open([transcode('big', { enabled: true, state: 'refused', problem: REFUSED })]);
  expect(await screen.findByText(/需要处理器的 120.3 %，而空闲只有 38.5 %/)).toBeVisible();
});

test('a ladder is made of presets, and counts its cost while it is written', async () => {
  const { user, calls } = await open([]);
  await user.click(await screen.findByRole('button', { name: 'New ladder' }));
  const form = await screen.findByRole('dialog', { name: 'New ladder' });
  await user.selectOptions(within(form).getByLabelText('Stream'), 'live/show');
  await user.click(within(form).getByRole('button', { name: 'Save and start' }));
  expect(within(form).getByText('Add at least one rendition.')).toBeVisible();
  await user.click(within(form).getByRole('button', { name: '480p' }));
  await user.click(within(form).getByRole('button', { name: 'Audio only' }));
  expect(await within(form).findByText(/This ladder takes about 47 % of the processor; 61 % are free/)).toBeVisible();
  expect(await within(form).findByText('about 43 %')).toBeVisible();
  expect(within(form).getByText('about 0.7 %')).toBeVisible();
  expect(within(form).getByText('Published as show_480p')).toBeVisible();

  await user.click(within(form).getByRole('button', { name: '1080p' }));
  expect(await within(form).findByText(/143 % of the processor, but only 61 % are free. It would be refused/)).toBeVisible();
  await user.click(within(form).getByRole('button', { name: 'Remove 1080p' }));
  expect(await within(form).findByText(/about 47 % of the processor; 61 %/)).toBeVisible();

  const width = within(within(form).getByRole('region', { name: '480p' })).getByLabelText('Width');
  await user.clear(width);
  await user.type(width, '641');
  expect(within(form).getByText('An even number from 16.')).toBeVisible();
  await user.click(within(form).getByRole('button', { name: 'Save and start' }));
  expect(sent(calls, 'ffmpeg/transcode/create')).toEqual([]);
  await user.clear(width);
  await user.type(width, '640');
  await user.selectOptions(within(form).getByLabelText('Encoder'), 'Superfast');
  await user.click(within(form).getByRole('button', { name: 'Save and start' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sent(calls, 'ffmpeg/transcode/create')).toEqual([
    {
      app: 'live',
      stream: 'show',
      label: '',
      hardware: 'auto',
      enabled: true,
      renditions: [
        { name: '480p', width: 640, height: 480, fps: 0, video_kbps: 1200, preset: 'superfast', gop_s: 2, codec: 'h264', audio_kbps: 96, audio_channels: 2 },
        { name: 'audio', width: 0, height: 0, fps: 0, video_kbps: 0, preset: 'veryfast', gop_s: 2, codec: 'none', audio_kbps: 96, audio_channels: 2 },
      ],
    },
  ]);
});

test('a ladder is changed, stopped and removed', async () => {
  const { user, calls } = await open([transcode('show', { label: 'Small ones', enabled: true, state: 'waiting' })]);
  await user.click(await screen.findByRole('button', { name: 'Stop Small ones' }));
  await waitFor(() => expect(sent(calls, 'ffmpeg/transcode/stop')).toEqual([{ id: 'ladder-show' }]));
  await user.click(screen.getByRole('button', { name: 'What to do with Small ones' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
  const form = await screen.findByRole('dialog', { name: 'Edit Small ones' });
  await user.click(within(form).getByRole('button', { name: 'Remove audio' }));
  await user.click(within(form).getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sent(calls, 'ffmpeg/transcode/update')).toEqual([expect.objectContaining({ id: 'ladder-show', renditions: [expect.objectContaining({ name: '720p' })] })]);
  await user.click(screen.getByRole('button', { name: 'What to do with Small ones' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
  await user.click(within(await screen.findByRole('dialog', { name: 'Remove Small ones?' })).getByRole('button', { name: 'Remove ladder' }));
  await waitFor(() => expect(sent(calls, 'ffmpeg/transcode/remove')).toEqual([{ id: 'ladder-show' }]));
});
