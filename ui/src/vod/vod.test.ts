import { fireEvent, screen } from '@testing-library/dom';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { readAddress, readMoment } from './address';
import type { Fail } from '../lib/playback/recorded';
import { refusalOf } from './refusal';
import { cueAt, readCues } from './sprite';

const ID = '0b6f2b0e-6f0f-4a52-9a3c-1c1d5f4f7a10';
const played: { source: { playlist?: string | null; mp4?: string | null }; at: number; fail: Fail; stop: ReturnType<typeof vi.fn> }[] = [];
vi.mock('../lib/playback/recorded', () => ({
  startPlaying: (_video: HTMLVideoElement, source: { playlist?: string; mp4?: string }, at: number, fail: Fail) => {
    const stop = vi.fn();
    played.push({ source, at, fail, stop });
    return stop;
  },
}));
// Test files share their modules: load anew, with the fake.
vi.resetModules();
const { buildView } = await import('./view');
const { Viewer } = await import('./viewer');

const FACTS = {
  id: ID,
  access: 'public',
  allowed: true,
  reason: null as string | null,
  passphrase: false,
  title: 'Evening service',
  stream: 'show',
  recording: false,
  started_ms: 1_700_000_000_000,
  duration_ms: 3_723_000,
  playlist: `/vod/${ID}.m3u8`,
  mp4: `/vod/${ID}.mp4`,
  poster: `/vod/${ID}.jpg`,
  sprite: null,
  sprite_map: null,
};
const KEPT_OUT = { id: ID, access: 'pass', allowed: false, reason: 'pass_missing', passphrase: false, title: '', stream: '' };

type Answers = Parameters<typeof fakeApi>[0];

function open(facts: unknown, { search = '', answers = {}, at = 0 }: { search?: string; answers?: Answers; at?: number } = {}) {
  const calls = fakeApi({ [`vod/${ID}`]: facts, ...answers });
  document.body.innerHTML = '<main id="watch"></main>';
  const root = document.getElementById('watch')!;
  const view = buildView(
    root,
    ID,
    () => viewer.play(),
    (seconds) => viewer.beginAt(seconds),
  );
  const viewer = new Viewer(ID, view, at, search);
  viewer.start();
  return { view, calls };
}

const soon = () => vi.advanceTimersByTimeAsync(10);
const begin = () => screen.getAllByRole('button', { name: 'Play' })[0]!.click();

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  played.length = 0;
});

describe('the page of a recording', () => {
  test('shows title, length and poster, and fetches no picture before somebody wants it', async () => {
    const { view } = open(FACTS);
    await soon();
    expect(screen.getByRole('heading', { name: 'Evening service' })).toBeVisible();
    expect(document.title).toBe('Evening service');
    expect(screen.getByText('0:00 / 1:02:03')).toBeVisible();
    expect(view.video.poster).toContain(`/vod/${ID}.jpg`);
    expect(played).toHaveLength(0);
    begin();
    expect(played[0]).toMatchObject({ source: { playlist: `/vod/${ID}.m3u8` }, at: 0 });
  });

  test('begins at the moment of the link, or where the viewer has set the line of time', async () => {
    open(FACTS, { at: 95 });
    await soon();
    begin();
    expect(played[0]?.at).toBe(95);
    open(FACTS);
    await soon();
    fireEvent.change(screen.getByRole('slider', { name: 'Position' }), { target: { value: '600' } });
    expect(screen.getByText('10:00 / 1:02:03')).toBeVisible();
    begin();
    expect(played[1]?.at).toBe(600);
  });

  test('says that it is still being recorded, and has no file to save then', async () => {
    open({ ...FACTS, recording: true, mp4: null });
    await soon();
    expect(screen.getByText('Still being recorded')).toBeVisible();
    expect(screen.queryByRole('link', { name: 'Download' })).toBeNull();
  });

  test('offers the file with the pass that it was opened with', async () => {
    open({ ...FACTS, mp4: `/vod/${ID}.mp4?pass=p` }, { search: '?pass=p' });
    await soon();
    expect(screen.getByRole('link', { name: 'Download' })).toHaveAttribute('href', `/vod/${ID}.mp4?pass=p&download=1`);
  });

  test('says when there is nothing to play', async () => {
    open({ ...FACTS, playlist: null, mp4: null });
    await soon();
    expect(screen.getByText('There is nothing to play yet')).toBeVisible();
  });

  test('asks again by itself when nobody answers', async () => {
    let away = true;
    open(() => (away ? new TypeError('fetch failed') : FACTS));
    await soon();
    expect(screen.getByText('No connection. Trying again…')).toBeVisible();
    away = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(screen.getByRole('heading', { name: 'Evening service' })).toBeVisible();
  });
});

describe('a recording that is not for everyone', () => {
  test('says that it is private, without a form that could not help', async () => {
    open(KEPT_OUT);
    await soon();
    expect(screen.getByText('This recording is private')).toBeVisible();
    expect(screen.queryByLabelText('Passphrase')).toBeNull();
  });

  test('plays with the passphrase', async () => {
    const { calls } = open(({ pass }: { pass?: string }) => (pass === 'good' ? FACTS : { ...KEPT_OUT, passphrase: true }), {
      answers: { 'hooks/play/unlock': { pass: 'good', expires_ms: 0 } },
    });
    await soon();
    screen.getByLabelText<HTMLInputElement>('Passphrase').value = 'open sesame';
    screen.getByRole('button', { name: 'Watch' }).click();
    await soon();
    expect(calls.findLast(({ path }) => path === 'hooks/play/unlock')?.body).toEqual({ app: 'vod', stream: ID, passphrase: 'open sesame' });
    begin();
    expect(played).toHaveLength(1);
  });

  test('says what was wrong with the link, and asks for the passphrase if there is one', async () => {
    open(({ pass }: { pass?: string }) => ({ ...KEPT_OUT, passphrase: true, reason: pass ? 'pass_expired' : 'pass_missing' }), { search: '?pass=old' });
    await soon();
    expect(screen.getByText('Your access has run out')).toBeVisible();
    expect(screen.getByLabelText('Passphrase')).toBeVisible();
  });

  test('says that it was removed, to who could have watched it', async () => {
    open({ ...KEPT_OUT, reason: 'recording_unknown' });
    await soon();
    expect(screen.getByText('This recording does not exist any more')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
  });
});

describe('a picture that breaks off', () => {
  const door = `/vod/${ID}.m3u8`;

  test('is begun again at the same moment when only the session was over', async () => {
    const { view } = open(FACTS, { answers: { [door]: () => Response.json({}) } });
    await soon();
    begin();
    Object.defineProperty(view.video, 'currentTime', { value: 42, writable: true });
    await vi.advanceTimersByTimeAsync(60_000);
    played[0]!.fail(403);
    await soon();
    expect(played[0]!.stop).toHaveBeenCalledOnce();
    expect(played[1]).toMatchObject({ at: 42 });
  });

  test('says why when the right to watch was taken away', async () => {
    let revoked = false;
    open(() => (revoked ? { ...KEPT_OUT, reason: 'pass_revoked' } : FACTS), {
      answers: { [door]: () => new Refusal(403, 'pass_revoked') },
    });
    await soon();
    begin();
    revoked = true;
    played[0]!.fail(403);
    await soon();
    expect(screen.getByText('This access has been withdrawn')).toBeVisible();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(played).toHaveLength(1);
  });

  test('is not tried for ever when it cannot be played at all', async () => {
    open(FACTS, { answers: { [door]: () => Response.json({}) } });
    await soon();
    begin();
    played[0]!.fail(0);
    await soon();
    expect(screen.getByText('The picture cannot be played')).toBeVisible();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(played).toHaveLength(1);
    screen.getByRole('button', { name: 'Try again' }).click();
    await soon();
    begin();
    expect(played).toHaveLength(2);
  });

  test('is tried again when the server was away', async () => {
    let away = true;
    open(FACTS, { answers: { [door]: () => (away ? new Refusal(502, 'upstream') : Response.json({})) } });
    await soon();
    begin();
    played[0]!.fail(0);
    await soon();
    away = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(played).toHaveLength(2);
  });
});

test.each([
  ['webhook_refused', false, 'You may not watch this recording'],
  ['pass_other_stream', false, 'This link is not valid'],
  ['pass_in_use', false, 'This link is in use elsewhere'],
  ['phrase_changed', true, 'The passphrase has been changed'],
  ['store_emptied', false, 'Nobody can watch at the moment'],
  ['recording_file_missing', false, 'There is nothing to play yet'],
  ['a_reason_of_tomorrow', false, 'You may not watch this recording'],
])('%s has its sentence', (reason, phrase, title) => {
  expect(refusalOf(reason, phrase).title).toBe(title);
});

test.each([
  [`/vod/${ID}`, ID],
  [`/vod/${ID}/`, ID],
  [`/vod/${ID.toUpperCase()}`, null],
  ['/vod/show', null],
  [`/vod/${ID}/more`, null],
])('%s names %j', (path, expected) => {
  expect(readAddress(path)).toBe(expected);
});

test('a moment is whole seconds', () => {
  expect(readMoment('#t=95')).toBe(95);
  expect(readMoment('#t=x')).toBe(0);
});

test('the map of small pictures is read, and what is not one is left out', () => {
  const cues = readCues(
    'WEBVTT\n\n00:00:00.000 --> 00:00:10.000\nsprite.jpg#xywh=0,0,160,90\n\n00:10.000 --> 00:20.000\nsprite.jpg#xywh=160,0,160,90\n\n' +
      'NOTE nothing\n\n01:00:20.500 --> 01:00:30.000\nsprite.jpg#xywh=320,0,160,90\n\n00:00:40.000 --> 00:00:50.000\nno place\n',
  );
  expect(cues.map(({ from, x }) => [from, x])).toEqual([
    [0, 0],
    [10, 160],
    [3620.5, 320],
  ]);
  expect(cueAt(cues, 15)?.x).toBe(160);
  expect(cueAt(cues, 4000)?.x).toBe(320);
  expect(cueAt([], 4)).toBeNull();
});
