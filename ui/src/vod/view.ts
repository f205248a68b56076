import { formatClock } from '../lib/format';
import { vodUrls } from '../lib/vod-urls';
import { disclose, el, icon, iconButton } from '../watch/dom';
import { sharePanel } from '../watch/share-panel';
import type { Cue } from './sprite';
import { seekBar } from './seek-bar';
import { say } from './words';

const SPEEDS = [0.5, 1, 1.25, 1.5, 2];
const STEP_S = 10;
const IDLE_MS = 3_000;

export interface Shown {
  title: string;
  recording: boolean;
  poster: string | null;
  mp4: string | null;
  /** Length, s, until the player knows better. */
  seconds: number;
}

export interface View {
  video: HTMLVideoElement;
  /** Nothing to see yet; `help` empty: it passes by itself. */
  showMessage(text: string, help?: string): void;
  /** The viewer cannot watch. `way` is what may help: a form, a call for a button "Try again", or nothing. */
  showRefusal(title: string, help: string, way: HTMLFormElement | (() => void) | null): void;
  /** The poster with a button; then the picture. */
  showPicture(facts: Shown): void;
  usePictures(sheet: string, cues: Cue[]): void;
}

/**
 * Build the page into `root`. `onPlay` is called when the viewer begins to watch, `onSeek` with a second that
 * was chosen before that.
 */
export function buildView(root: HTMLElement, id: string, onPlay: () => void, onSeek: (at: number) => void): View {
  const video = el('video', { playsinline: '', preload: 'none' });
  const message = el('div', { class: 'message', role: 'status' });
  const gate = el('section', { class: 'gate', 'aria-labelledby': 'gate-title' });
  const begin = el('button', { type: 'button', class: 'begin', 'aria-label': say('play') }, icon('play'));
  const stage = el('div', { class: 'stage' }, video, message, gate, begin);

  let begun = false;
  let seconds = 0;
  let start = 0;
  const toggle = () => {
    if (!begun || video.paused) onPlay();
    else video.pause();
  };
  const seekTo = (at: number) => {
    if (begun) video.currentTime = at;
    else {
      start = at;
      onSeek(at);
    }
    tell();
  };
  const play = iconButton(say('play'), 'play', toggle);
  const seek = seekBar(seekTo);
  const clock = el('span', { class: 'clock' });
  const sound = iconButton(say('soundOff'), 'sound', () => (video.muted = !video.muted));
  const speed = el('select', { 'aria-label': say('speed') }, ...SPEEDS.map((value) => el('option', { value: String(value) }, `${value}×`)));
  const save = el('a', { class: 'icon', download: '', 'aria-label': say('download'), title: say('download') }, icon('download'));
  const share = iconButton(say('share'), 'share', () => undefined);
  const full = iconButton(say('fullscreen'), 'expand', () => toggleFullscreen(root, video));
  const shareBox = sharePanel(vodUrls(id));
  disclose(share.button, shareBox);
  speed.value = '1';

  const heading = el('h1', {});
  const live = el('span', { class: 'live' });
  const bar = el(
    'footer',
    { class: 'bar' },
    el('div', { class: 'controls' }, play.button, clock, seek.root),
    el('div', { class: 'title' }, heading, live),
    el('div', { class: 'buttons' }, speed, sound.button, save, share.button, full.button),
    shareBox,
  );
  root.replaceChildren(stage, bar);
  if (window.self !== window.top) document.documentElement.classList.add('embedded');

  const tell = () => {
    const total = begun && Number.isFinite(video.duration) && video.duration > 0 ? video.duration : seconds;
    const at = begun ? video.currentTime : start;
    seek.show(at, total);
    clock.textContent = `${formatClock(at)} / ${formatClock(total)}`;
  };
  for (const event of ['timeupdate', 'durationchange', 'seeking', 'loadedmetadata']) video.addEventListener(event, tell);
  for (const event of ['play', 'pause', 'ended']) {
    video.addEventListener(event, () => play.show(say(video.paused ? 'play' : 'pause'), video.paused ? 'play' : 'pause'));
  }
  video.addEventListener('volumechange', () => sound.show(say(video.muted ? 'soundOn' : 'soundOff'), video.muted ? 'muted' : 'sound'));
  video.addEventListener('playing', () => {
    begun = true;
    setState('picture');
  });
  video.addEventListener('waiting', () => stage.classList.add('waiting'));
  for (const event of ['playing', 'canplay', 'seeked']) video.addEventListener(event, () => stage.classList.remove('waiting'));
  video.addEventListener('click', toggle);
  begin.addEventListener('click', toggle);
  speed.addEventListener('change', () => (video.playbackRate = video.defaultPlaybackRate = Number(speed.value)));
  document.addEventListener('keydown', (event) => {
    if (!root.isConnected || (root.dataset.state !== 'picture' && root.dataset.state !== 'poster')) return;
    if (event.target instanceof Element && event.target.closest('input, textarea, select, button, a')) return;
    const act = {
      ' ': toggle,
      k: toggle,
      m: () => sound.button.click(),
      f: () => full.button.click(),
      ArrowLeft: () => seekTo(Math.max(0, (begun ? video.currentTime : start) - STEP_S)),
      ArrowRight: () => seekTo((begun ? video.currentTime : start) + STEP_S),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  // Over the picture the controls go when nobody moves.
  let idle: ReturnType<typeof setTimeout> | undefined;
  const stir = () => {
    clearTimeout(idle);
    root.classList.remove('idle');
    idle = setTimeout(() => root.classList.toggle('idle', !video.paused), IDLE_MS);
  };
  for (const event of ['pointermove', 'keydown', 'focusin']) document.addEventListener(event, stir);
  for (const event of ['play', 'pause']) video.addEventListener(event, stir);

  function setState(state: 'message' | 'poster' | 'picture' | 'gate') {
    root.dataset.state = state;
    gate.hidden = state !== 'gate';
    message.hidden = state !== 'message';
    begin.hidden = state !== 'poster';
    if (state !== 'gate') gate.replaceChildren();
  }

  return {
    video,
    showMessage(text, help = '') {
      setState('message');
      message.replaceChildren(el('p', {}, text), ...(help ? [el('p', { class: 'help' }, help)] : []));
    },
    showRefusal(title, help, way) {
      begun = false;
      setState('gate');
      gate.replaceChildren(icon('lock'), el('h2', { id: 'gate-title' }, title), el('p', { class: 'help' }, help));
      if (way instanceof HTMLFormElement) {
        gate.append(way);
        // In a frame the focus belongs to the page around it.
        if (window.self === window.top) way.querySelector('input')?.focus();
      } else if (way) {
        const button = el('button', { type: 'button', class: 'primary' }, say('tryAgain'));
        button.addEventListener('click', way);
        gate.append(button);
      }
    },
    showPicture(facts) {
      seconds = facts.seconds;
      heading.textContent = facts.title;
      document.title = facts.title;
      video.setAttribute('aria-label', say('picture', { name: facts.title }));
      live.replaceChildren(...(facts.recording ? [el('i', { 'aria-hidden': 'true' }), say('underWay')] : []));
      save.hidden = facts.mp4 === null;
      if (facts.mp4) save.href = `${facts.mp4}${facts.mp4.includes('?') ? '&' : '?'}download=1`;
      if (facts.poster) video.poster = facts.poster;
      setState('poster');
      tell();
    },
    usePictures: seek.usePictures,
  };
}

interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

function toggleFullscreen(page: HTMLElement, video: AppleVideo): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (page.requestFullscreen) void page.requestFullscreen();
  // An iPhone allows it for the video alone.
  else video.webkitEnterFullscreen?.();
}
