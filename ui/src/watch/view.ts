import type { Delay } from '../lib/playback/types';
import { streamUrls } from '../lib/stream-urls';
import { delayPanel } from './delay-panel';
import { disclose, el, icon, iconButton } from './dom';
import { sharePanel } from './share-panel';
import { say, sayViewers } from './words';

export interface View {
  video: HTMLVideoElement;
  /** Nothing to see yet, or no more; `help` empty: it passes by itself. */
  showMessage(text: string, help?: string): void;
  /** The viewer is kept out. `way` is how to get in: a form, a call for a button "Try again", or nothing. */
  showRefusal(title: string, help: string, way: HTMLFormElement | (() => void) | null): void;
  showPicture(): void;
  /** `title` empty: the stream's name has to do. */
  showTitle(title: string, webrtc: boolean): void;
  showLive(viewers: number): void;
  showOffline(): void;
}

/** Build the page into `root`. `onDelay` is called when the viewer chooses another delay. */
export function buildView(root: HTMLElement, app: string, stream: string, onDelay: (delay: Delay) => void): View {
  const video = el('video', { playsinline: '', 'aria-label': say('picture', { name: stream }) });
  video.autoplay = true;
  video.muted = true;

  const message = el('div', { class: 'message', role: 'status' });
  const gate = el('section', { class: 'gate', 'aria-labelledby': 'gate-title' });
  gate.hidden = true;
  const stage = el('div', { class: 'stage' }, video, message, gate);

  const sound = iconButton(say('soundOn'), 'muted', () => (video.muted = !video.muted));
  const bigSound = el('button', { type: 'button', class: 'big-sound' }, icon('muted'), say('soundOn'));
  bigSound.addEventListener('click', () => (video.muted = false));
  stage.append(bigSound);
  video.addEventListener('volumechange', () => {
    sound.show(say(video.muted ? 'soundOn' : 'soundOff'), video.muted ? 'muted' : 'sound');
    if (!video.muted) bigSound.hidden = true;
  });

  const full = iconButton(say('fullscreen'), 'expand', () => toggleFullscreen(stage, video));
  const share = iconButton(say('share'), 'share', () => undefined);
  const delay = iconButton(say('delay'), 'delay', () => undefined);
  const shareBox = sharePanel(streamUrls(app, stream));
  const delayBox = delayPanel(onDelay);
  disclose(share.button, shareBox);
  disclose(delay.button, delayBox.panel);

  const heading = el('h1', {}, nameOf(app, stream));
  const live = el('span', { class: 'live' });
  const viewers = el('span', { class: 'viewers' });
  const bar = el(
    'footer',
    { class: 'bar' },
    el('div', { class: 'title' }, heading, live, viewers),
    el('div', { class: 'buttons' }, sound.button, delay.button, share.button, full.button),
    delayBox.panel,
    shareBox,
  );

  root.replaceChildren(stage, bar);
  if (window.self !== window.top) document.documentElement.classList.add('embedded');

  const setState = (state: 'message' | 'picture' | 'gate') => {
    root.dataset.state = state;
    gate.hidden = state !== 'gate';
    message.hidden = state === 'gate';
    if (state !== 'gate') gate.replaceChildren();
  };

  return {
    video,
    showMessage(text, help = '') {
      setState('message');
      message.replaceChildren(el('p', {}, text), ...(help ? [el('p', { class: 'help' }, help)] : []));
    },
    showRefusal(title, help, way) {
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
    showPicture() {
      setState('picture');
      message.replaceChildren();
    },
    showTitle(title, webrtc) {
      heading.textContent = title || nameOf(app, stream);
      delayBox.offer(webrtc);
    },
    showLive(count) {
      live.replaceChildren(el('i', { 'aria-hidden': 'true' }), say('live'));
      viewers.textContent = sayViewers(count);
      document.title = [heading.textContent, say('live')].filter(Boolean).join(' · ');
    },
    showOffline() {
      live.replaceChildren();
      viewers.textContent = '';
      document.title = heading.textContent || say('live');
    },
  };
}

// Under this name stands an id made by chance: nothing to read.
const BY_ID = 's';

function nameOf(app: string, stream: string): string {
  return app === BY_ID ? '' : stream;
}

interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

function toggleFullscreen(stage: HTMLElement, video: AppleVideo): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (stage.requestFullscreen) void stage.requestFullscreen();
  // An iPhone allows it for the video alone.
  else video.webkitEnterFullscreen?.();
}
