import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { goLive, renderApp } from '../testing/render';
import { ENVS, stream } from '../testing/samples';

describe('live streams', () => {
  test('come and go with the live events', async () => {
    fakeApi();
    renderApp('/streams');
    const source = await goLive([]);
    expect(await screen.findByText('Nothing is live yet')).toBeVisible();
    act(() => source.send('streams', { at_ms: Date.now(), streams: [stream()] }));
    expect(await screen.findByRole('region', { name: 'Live stream live/livestream' })).toBeVisible();
    expect(screen.getByText('1 stream live · 3 viewers · 3.2 Mbit/s')).toBeVisible();
    act(() => source.send('streams', { at_ms: Date.now(), streams: [] }));
    expect(await screen.findByText('Nothing is live yet')).toBeVisible();
  });

  test('show what is known of them', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream()]);
    const card = await screen.findByRole('region', { name: 'Live stream live/livestream' });
    for (const fact of ['1280×720', 'H.264 + AAC', '3.2', 'RTMP · 192.0.2.7', '1:05', 'Receiving']) {
      expect(within(card).getAllByText(fact)[0]).toBeInTheDocument();
    }
    expect(within(card).getByLabelText('Share link')).toHaveValue(`${location.origin}/watch/live/livestream`);
    expect(within(card).getByRole('link', { name: 'Watch page' })).toHaveAttribute('href', `${location.origin}/watch/live/livestream`);
  });

  test('begin with a still picture until the moving one is there', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream()]);
    const card = await screen.findByRole('region', { name: 'Live stream live/livestream' });
    await waitFor(() => expect(card.querySelector('img')?.getAttribute('src')).toMatch(/^\/terraform\/v1\/ffmpeg\/snapshot\/live\/livestream\.jpg\?at=\d+$/));
    expect(card.querySelector('video')).toBeInTheDocument();
  });

  test('stand still when there are many, until somebody asks for one of them', async () => {
    fakeApi();
    const { user } = renderApp('/streams');
    await goLive(['a', 'b', 'c', 'd', 'e'].map((name) => stream(name)));
    await screen.findByRole('region', { name: 'Live stream live/e' });
    expect(document.querySelector('video')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Play live/b' }));
    expect(screen.getByLabelText('Preview of live/b')).toBeInTheDocument();
    expect(document.querySelectorAll('video')).toHaveLength(1);
    expect(screen.getByRole('button', { name: 'Play live/a' })).toBeVisible();
  });

  test('say when they were last seen once the facts are old', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream('livestream', { facts_at_ms: Date.now() - 14_000 })]);
    expect(await screen.findByText(/Last seen \d+ s ago/)).toBeVisible();
    expect(screen.queryByText('Receiving')).not.toBeInTheDocument();
  });

  test.each([
    [{ audio: null }, /no sound/],
    [{ recv_kbps: 0 }, /no data arrives/],
    [{ video: { codec: 'HEVC', profile: '', level: '', width: 1920, height: 1080 } }, /many browsers cannot show/],
  ])('get advice from what is known: %j', async (change, advice) => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream('livestream', change)]);
    expect(await screen.findByText(advice)).toBeVisible();
  });

  test('get no advice in their first seconds, while facts still come in', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream('livestream', { audio: null, since_ms: Date.now() })]);
    expect(await screen.findByText('Receiving')).toBeVisible();
    expect(screen.queryByText(/no sound/)).not.toBeInTheDocument();
  });

  test('lead to their own page', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([stream()]);
    expect(await screen.findByRole('link', { name: 'Manage' })).toHaveAttribute('href', '/mgmt/streams/live/livestream');
  });
});

describe('kicking a stream', () => {
  async function openKick(answers = {}) {
    const calls = fakeApi(answers);
    const { user } = renderApp('/streams');
    await goLive([stream()]);
    await user.click(await screen.findByRole('button', { name: 'Kick…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Kick live/livestream?' });
    const kicks = () => calls.filter(({ path }) => path === 'mgmt/streams/kickoff');
    return { user, dialog, kicks };
  }

  test('asks first and then names the stream', async () => {
    const { user, dialog, kicks } = await openKick();
    expect(kicks()).toHaveLength(0);
    await user.click(within(dialog).getByRole('button', { name: 'Kick stream' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(kicks()).toEqual([{ path: 'mgmt/streams/kickoff', body: { vhost: '__defaultVhost__', app: 'live', stream: 'livestream' } }]);
  });

  test('does nothing when cancelled', async () => {
    const { user, dialog, kicks } = await openKick();
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(kicks()).toHaveLength(0);
  });

  test('says when the stream has gone already', async () => {
    const { user, dialog } = await openKick({ 'mgmt/streams/kickoff': new Refusal(404, 'stream_not_live') });
    await user.click(within(dialog).getByRole('button', { name: 'Kick stream' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent('This stream is not live any more.');
  });
});

describe('the ingest card', () => {
  test('has server and key, the key masked until shown', async () => {
    fakeApi({ 'mgmt/envs': { ...ENVS, rtmpPort: '19350' } });
    const { user } = renderApp('/streams');
    expect(await screen.findByLabelText('Server')).toHaveValue('rtmp://localhost:19350/live');
    const key = screen.getByLabelText('Stream key');
    expect(key).toHaveValue('livestream?secret=••••••••');
    await user.click(screen.getByRole('button', { name: 'Show Stream key' }));
    expect(screen.getByLabelText('Stream key')).toHaveValue('livestream?secret=abc123');
  });

  test('says why SRT is not there, and shows it where it is', async () => {
    fakeApi();
    const { user } = renderApp('/streams');
    await user.click(await screen.findByRole('tab', { name: 'SRT' }));
    expect(await screen.findByText('SRT is not available here')).toBeVisible();
  });

  test('has SRT and WHIP with a media server that speaks them', async () => {
    fakeApi({ 'mgmt/envs': { ...ENVS, capabilities: { srt: true, webrtc: true, hevc: true } } });
    const { user } = renderApp('/streams');
    await user.click(await screen.findByRole('tab', { name: 'SRT' }));
    await user.click(screen.getByRole('button', { name: 'Show SRT address' }));
    expect(screen.getByLabelText('SRT address')).toHaveValue('srt://localhost:10080?streamid=#!::r=live/livestream,secret=abc123,m=publish');
    await user.click(screen.getByRole('tab', { name: 'WHIP' }));
    expect(screen.getByLabelText('WHIP server')).toHaveValue(`${location.origin}/rtc/v1/whip/?app=live&stream=livestream`);
  });

  test('puts another stream name into every address, but no wrong one', async () => {
    fakeApi();
    const { user } = renderApp('/streams');
    const name = await screen.findByLabelText('Stream name');
    await user.clear(name);
    await user.type(name, 'studio');
    expect(screen.getByLabelText('Stream key')).toHaveValue('studio?secret=••••••••');
    await user.type(name, ' b');
    expect(screen.getByText(/Letters, digits/)).toBeVisible();
  });

  test('replaces the key only when confirmed', async () => {
    const calls = fakeApi();
    const { user } = renderApp('/streams');
    await user.click(await screen.findByRole('button', { name: 'New key…' }));
    await user.click(await screen.findByRole('button', { name: 'Replace key' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    const secret = calls.find(({ path }) => path === 'hooks/srs/secret/update')?.body.secret;
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    await user.click(screen.getByRole('button', { name: 'Show Stream key' }));
    expect(screen.getByLabelText('Stream key')).toHaveValue(`livestream?secret=${secret}`);
  });

  test('offers a new try with the reason when the key cannot be read', async () => {
    let away = true;
    fakeApi({ 'hooks/srs/secret/query': () => (away ? new Refusal(403, 'forbidden') : { publish: 'abc123' }) });
    const { user } = renderApp('/streams');
    expect(await screen.findByText('This is not allowed.')).toBeVisible();
    away = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByLabelText('Server')).toBeVisible();
  });
});

test('the demo picture is switched on from the empty page', async () => {
  const calls = fakeApi();
  const { user } = renderApp('/streams');
  await goLive([]);
  const demo = await screen.findByRole('switch', { name: 'Demo picture' });
  await waitFor(() => expect(demo).toBeEnabled());
  await user.click(demo);
  await waitFor(() => expect(demo).toBeChecked());
  await waitFor(() => expect(calls).toContainEqual({ path: 'ffmpeg/demo/update', body: { enabled: true } }));
});

test('a lost connection is told with its age, and goes by itself', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  fakeApi();
  renderApp('/streams');
  const source = await goLive([]);
  await screen.findByText('Nothing is live yet');
  act(() => source.fail());
  await act(() => vi.advanceTimersByTimeAsync(4_000));
  expect(screen.getByText(/Connection lost \d+ s ago/)).toBeVisible();
  expect(FakeEventSource.all.length).toBeGreaterThan(1);
  act(() => FakeEventSource.last.open());
  expect(screen.queryByText(/Connection lost/)).not.toBeInTheDocument();
});
