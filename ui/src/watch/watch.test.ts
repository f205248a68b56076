import { screen } from '@testing-library/dom';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeApi } from '../testing/fake-api';
import { readAddress } from './address';
import { buildView } from './view';
import { Watcher } from './watcher';

const FACTS = { app: 'live', stream: 'show', live: false, since_ms: null, viewers: 0, video: null, audio: null, webrtc: false };

function open(answer: () => unknown) {
  fakeApi({ 'watch/live/show': answer });
  document.body.innerHTML = '<main id="watch"></main>';
  const root = document.getElementById('watch')!;
  const view = buildView(root, 'live', 'show', () => undefined);
  new Watcher('live', 'show', view).start();
  return view;
}

describe('the watch page', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test('says that nothing is live, and turns into the picture by itself', async () => {
    let live = false;
    open(() => ({ ...FACTS, live, viewers: 7 }));
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.getByText('Not live right now')).toBeVisible();
    live = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(screen.queryByText('Not live right now')).toBeNull();
    expect(screen.getByText('7 viewers')).toBeVisible();
    expect(document.title).toBe('show · LIVE');
  });

  test('keeps the picture while the API is away', async () => {
    let away = false;
    open(() => (away ? new TypeError('Failed to fetch') : { ...FACTS, live: true, viewers: 1 }));
    await vi.advanceTimersByTimeAsync(10);
    away = true;
    await vi.advanceTimersByTimeAsync(11_000);
    expect(screen.getByText('1 viewer')).toBeVisible();
    expect(screen.queryByText(/No connection/)).toBeNull();
  });

  test('has share behind one button, closed by Escape', () => {
    open(() => FACTS);
    const button = screen.getByRole('button', { name: 'Share' });
    expect(screen.queryByRole('textbox', { name: 'Link' })).toBeNull();
    button.click();
    expect(screen.getByRole('textbox', { name: 'Link' })).toHaveValue(`${location.origin}/watch/live/show`);
    expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Embed code' }).value).toContain('<iframe');
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    expect(screen.queryByRole('textbox', { name: 'Link' })).toBeNull();
  });

  test('switches the sound on', () => {
    const { video } = open(() => FACTS);
    screen.getAllByRole('button', { name: 'Sound on' })[0]!.click();
    expect(video.muted).toBe(false);
  });
});

test.each([
  ['/watch/live/show', { app: 'live', stream: 'show' }],
  ['/watch/live/show/', { app: 'live', stream: 'show' }],
  ['/watch/live/a%20b', { app: 'live', stream: 'a b' }],
  ['/watch/live', null],
  ['/watch/live/%E0%A4%A', null],
])('%s names %j', (path, expected) => {
  expect(readAddress(path)).toEqual(expected);
});
