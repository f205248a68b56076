import { streamUrls } from '../lib/stream-urls';
import { delayPanel, type Delay } from './delay-panel';
import { disclose, el, icon, iconButton } from './dom';
import { sharePanel } from './share-panel';
import { say, sayViewers } from './words';

export interface View {
  video: HTMLVideoElement;
  /** Nothing to see yet, or no more; `help` empty: it passes by itself. */
  showMessage(text: string, help?: string): void;
  showPicture(): void;
  showLive(viewers: number): void;
  showOffline(): void;
}

/** Build the page into `root`. `onDelay` is called when the viewer chooses another delay. */
export function buildView(root: HTMLElement, app: string, stream: string, onDelay: (delay: Delay) => void): View {
  const video = el('video', { playsinline: '', 'aria-label': say('picture', { name: stream }) });
  video.autoplay = true;
  video.muted = true;

  const message = el('div', { class: 'message', role: 'status' });
  const stage = el('div', { class: 'stage' }, video, message);

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
  disclose(delay.button, delayBox);

  const live = el('span', { class: 'live' });
  const viewers = el('span', { class: 'viewers' });
  const bar = el(
    'footer',
    { class: 'bar' },
    el('div', { class: 'title' }, el('h1', {}, stream), live, viewers),
    el('div', { class: 'buttons' }, sound.button, delay.button, share.button, full.button),
    delayBox,
    shareBox,
  );

  root.replaceChildren(stage, bar);
  if (window.self !== window.top) document.documentElement.classList.add('embedded');

  return {
    video,
    showMessage(text, help = '') {
      root.dataset.state = 'message';
      message.replaceChildren(el('p', {}, text), ...(help ? [el('p', { class: 'help' }, help)] : []));
    },
    showPicture() {
      root.dataset.state = 'picture';
      message.replaceChildren();
    },
    showLive(count) {
      live.replaceChildren(el('i', { 'aria-hidden': 'true' }), say('live'));
      viewers.textContent = sayViewers(count);
      document.title = `${stream} · ${say('live')}`;
    },
    showOffline() {
      live.replaceChildren();
      viewers.textContent = '';
      document.title = stream;
    },
  };
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
