import { screen } from '@testing-library/dom';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { PlaybackOptions } from '../lib/playback/playback';
import type { PlaybackSource } from '../lib/stream-urls';
import { fakeApi, Refusal } from '../testing/fake-api';
import { readAddress } from './address';
import { refusalOf } from './refusal';

const played: { source: PlaybackSource; options: PlaybackOptions; stop: ReturnType<typeof vi.fn> }[] = [];
vi.mock('../lib/playback/playback', () => ({
  startPlayback: (video: HTMLVideoElement, source: PlaybackSource, options: PlaybackOptions) => {
    const stop = vi.fn();
    // The page of the test before may still get an answer.
    if (video.isConnected) played.push({ source, options, stop });
    return stop;
  },
}));
// Test files share their modules: load anew, with the fake.
vi.resetModules();
const { buildView } = await import('./view');
const { Watcher } = await import('./watcher');

const FACTS = {
  app: 'live',
  stream: 'show',
  title: '',
  access: 'public',
  allowed: true,
  reason: null as string | null,
  live: false,
  since_ms: null,
  viewers: 0,
  video: null,
  audio: null,
  webrtc: false,
};
const KEPT_OUT = { ...FACTS, access: 'pass', allowed: false, reason: 'pass_missing' };

type Answers = Parameters<typeof fakeApi>[0];

function open(answer: unknown, { search = '', answers = {} }: { search?: string; answers?: Answers } = {}) {
  const calls = fakeApi({ 'watch/live/show': answer, ...answers });
  document.body.innerHTML = '<main id="watch"></main>';
  const root = document.getElementById('watch')!;
  const view = buildView(root, 'live', 'show', (delay) => watcher.useDelay(delay));
  const watcher = new Watcher('live', 'show', view, search);
  watcher.start();
  return { view, calls };
}

const soon = () => vi.advanceTimersByTimeAsync(10);

function type(phrase: string) {
  screen.getByLabelText<HTMLInputElement>('Passphrase').value = phrase;
  screen.getByRole('button', { name: 'Watch' }).click();
  return soon();
}

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  played.length = 0;
});

describe('the watch page', () => {
  test('says that nothing is live, and turns into the picture by itself', async () => {
    let live = false;
    open(() => ({ ...FACTS, live, viewers: 7 }));
    await soon();
    expect(screen.getByText('Not live right now')).toBeVisible();
    live = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(screen.queryByText('Not live right now')).toBeNull();
    expect(screen.getByText('7 viewers')).toBeVisible();
    expect(document.title).toBe('show · LIVE');
  });

  test('shows the title that the stream was given', async () => {
    open({ ...FACTS, live: true, title: 'Evening service' });
    await soon();
    expect(screen.getByRole('heading', { name: 'Evening service' })).toBeVisible();
    expect(document.title).toBe('Evening service · LIVE');
  });

  test('keeps the picture while the API is away', async () => {
    let away = false;
    open(() => (away ? new TypeError('Failed to fetch') : { ...FACTS, live: true, viewers: 1 }));
    await soon();
    away = true;
    await vi.advanceTimersByTimeAsync(11_000);
    expect(screen.getByText('1 viewer')).toBeVisible();
    expect(screen.queryByText(/No connection/)).toBeNull();
  });

  test('has share behind one button, closed by Escape', () => {
    open(FACTS);
    const button = screen.getByRole('button', { name: 'Share' });
    expect(screen.queryByRole('textbox', { name: 'Link' })).toBeNull();
    button.click();
    expect(screen.getByRole('textbox', { name: 'Link' })).toHaveValue(`${location.origin}/watch/live/show`);
    expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Embed code' }).value).toContain('<iframe');
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    expect(screen.queryByRole('textbox', { name: 'Link' })).toBeNull();
  });

  test('switches the sound on', () => {
    const { view } = open(FACTS);
    screen.getAllByRole('button', { name: 'Sound on' })[0]!.click();
    expect(view.video.muted).toBe(false);
  });

  test('offers WebRTC only where there is some', async () => {
    let webrtc = false;
    open(() => ({ ...FACTS, live: true, webrtc }));
    await soon();
    screen.getByRole('button', { name: 'Delay' }).click();
    expect(screen.queryByRole('radio', { name: /Instant/ })).toBeNull();
    webrtc = true;
    await vi.advanceTimersByTimeAsync(10_000);
    screen.getByRole('radio', { name: /Instant/ }).click();
    expect(played.at(-1)?.options.delay).toBe('instant');
    expect(played[0]?.stop).toHaveBeenCalledOnce();
  });
});

describe('a protected stream', () => {
  test('asks for the passphrase, says when it is wrong, and plays with the pass it brings', async () => {
    const { calls } = open(({ pass }: { pass?: string }) => (pass === 'good' ? { ...FACTS, access: 'pass', live: true } : KEPT_OUT), {
      answers: {
        'hooks/play/unlock': ({ passphrase }: { passphrase: string }) =>
          passphrase === 'open sesame' ? { pass: 'good', expires_ms: 0 } : new Refusal(403, 'passphrase_wrong'),
      },
    });
    await soon();
    expect(screen.getByText('This stream needs a passphrase')).toBeVisible();
    expect(screen.getByLabelText('Passphrase')).toHaveFocus();
    await type('sesame');
    expect(screen.getByRole('alert')).toHaveTextContent('That is not the passphrase.');
    await type('open sesame');
    expect(calls.findLast(({ path }) => path === 'hooks/play/unlock')?.body).toEqual({ app: 'live', stream: 'show', passphrase: 'open sesame' });
    expect(played.at(-1)?.source.hls).toBe(`${location.origin}/live/show.m3u8?pass=good`);
    expect(screen.queryByLabelText('Passphrase')).toBeNull();
  });

  test('tells how long to wait after too many attempts', async () => {
    open(KEPT_OUT, { answers: { 'hooks/play/unlock': new Refusal(429, 'rate_limited', '', { 'Retry-After': '45' }) } });
    await soon();
    await type('guess');
    expect(screen.getByRole('alert')).toHaveTextContent('Too many attempts. Try again in 45 s.');
  });

  test('leaves the form alone while it asks again', async () => {
    open(KEPT_OUT);
    await soon();
    const field = screen.getByLabelText<HTMLInputElement>('Passphrase');
    field.value = 'half typ';
    await vi.advanceTimersByTimeAsync(30_000);
    expect(screen.getByLabelText('Passphrase')).toBe(field);
    expect(field).toHaveValue('half typ');
  });

  test('plays with the pass of the link, in every address', async () => {
    const { calls } = open({ ...FACTS, access: 'pass', live: true }, { search: '?pass=from.link' });
    await soon();
    expect(calls[0]?.body).toEqual({ pass: 'from.link' });
    expect(Object.values(played[0]!.source).every((url) => url.endsWith('pass=from.link'))).toBe(true);
  });

  test('is remembered in this tab, and the link of old does no harm', async () => {
    sessionStorage.setItem('streamstead.pass.live/show', 'kept');
    open(({ pass }: { pass?: string }) => (pass === 'kept' ? { ...FACTS, live: true } : { ...KEPT_OUT, reason: 'pass_expired' }), { search: '?pass=old' });
    await soon();
    expect(played.at(-1)?.source.flv).toBe(`${location.origin}/live/show.flv?pass=kept`);
  });

  test('asks again when the pass is withdrawn while watching, instead of connecting for ever', async () => {
    let revoked = false;
    open(({ pass }: { pass?: string }) => (!pass ? KEPT_OUT : revoked ? { ...KEPT_OUT, reason: 'pass_revoked' } : { ...FACTS, access: 'pass', live: true }), {
      search: '?pass=link',
    });
    await soon();
    played[0]!.options.onState({ phase: 'playing', method: 'flv' });
    revoked = true;
    played[0]!.options.onState({ phase: 'retrying', method: 'flv' });
    await vi.advanceTimersByTimeAsync(400);
    expect(screen.getByText('This access has been withdrawn')).toBeVisible();
    expect(screen.getByLabelText('Passphrase')).toBeVisible();
    expect(played[0]!.stop).toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(played).toHaveLength(1);
    expect(screen.getByText('This access has been withdrawn')).toBeVisible();
  });

  test('says what the door itself says, when only that one knows', async () => {
    const door = `${location.origin}/live/show.m3u8`;
    let open_ = false;
    const { calls } = open({ ...FACTS, access: 'webhook', live: true }, {
      answers: { [door]: () => (open_ ? Response.json({}) : new Refusal(403, 'webhook_refused')) },
    });
    await soon();
    expect(played).toHaveLength(1);
    played[0]!.options.onState({ phase: 'retrying', method: 'flv' });
    played[0]!.options.onState({ phase: 'connecting', method: 'hls' });
    await vi.advanceTimersByTimeAsync(400);
    expect(screen.getByText('You may not watch this stream')).toBeVisible();
    expect(played[0]!.stop).toHaveBeenCalled();
    const asked = calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(asked);
    open_ = true;
    screen.getByRole('button', { name: 'Try again' }).click();
    await soon();
    expect(played).toHaveLength(2);
  });

  test('waits for a place when the pass is in use, without a try at the picture', async () => {
    const door = `${location.origin}/live/show.m3u8`;
    let full = true;
    open({ ...FACTS, access: 'pass', live: true }, {
      search: '?pass=one',
      answers: { [door]: () => (full ? new Refusal(403, 'pass_in_use') : Response.json({})) },
    });
    await soon();
    played[0]!.options.onState({ phase: 'retrying', method: 'hls' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(screen.getByText('This link is in use elsewhere')).toBeVisible();
    expect(played).toHaveLength(1);
    full = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(played.at(-1)?.source.hls).toBe(`${door}?pass=one`);
  });

  test('lets in by itself as soon as it is open to everyone', async () => {
    let open_ = false;
    open(() => (open_ ? { ...FACTS, live: true } : KEPT_OUT));
    await soon();
    open_ = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(played).toHaveLength(1);
  });

  test.each([
    ['webhook', 'webhook_refused', 'You may not watch this stream'],
    ['webhook', 'webhook_failed', 'It is not known yet whether you may watch'],
    ['pass', 'viewer_blocked', 'You have been disconnected'],
  ])('%s: %s is said in words, and only the viewer asks again', async (access, reason, words) => {
    let allowed = false;
    const { calls } = open(() => ({ ...KEPT_OUT, access, reason: allowed ? null : reason, allowed, live: allowed }), { search: '?pass=x' });
    await soon();
    expect(screen.getByText(words)).toBeVisible();
    expect(screen.queryByLabelText('Passphrase')).toBeNull();
    const asked = calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(asked);
    allowed = true;
    screen.getByRole('button', { name: 'Try again' }).click();
    await soon();
    expect(played.at(-1)?.source.hls).toContain('pass=x');
  });

  test.each([
    ['pass_expired', 'Your access has run out'],
    ['pass_tampered', 'This link is not valid'],
    ['pass_other_stream', 'This link is not valid'],
    ['phrase_changed', 'The passphrase has been changed'],
    ['store_emptied', 'Nobody can watch at the moment'],
    ['a_reason_of_tomorrow', 'You may not watch this stream'],
  ])('%s has its sentence', (reason, title) => {
    expect(refusalOf('pass', reason).title).toBe(title);
  });
});

test.each([
  ['/watch/live/show', { app: 'live', stream: 'show' }],
  ['/watch/live/show/', { app: 'live', stream: 'show' }],
  ['/watch/s/k3jx9q0a2b1c', { app: 's', stream: 'k3jx9q0a2b1c' }],
  ['/watch/live/a%20b', { app: 'live', stream: 'a b' }],
  ['/watch/live', null],
  ['/watch/live/%E0%A4%A', null],
])('%s names %j', (path, expected) => {
  expect(readAddress(path)).toEqual(expected);
});
