import { formatClock } from '../lib/format';
import { el } from '../watch/dom';
import { cueAt, type Cue } from './sprite';
import { say } from './words';

export interface SeekBar {
  root: HTMLElement;
  /** Show where the picture is, s; not while the viewer holds the bar. */
  show(at: number, total: number): void;
  /** Show pictures of `sheet` above the bar. */
  usePictures(sheet: string, cues: Cue[]): void;
}

/** The line of time under the picture. `onSeek` is called with the second that the viewer chose. */
export function seekBar(onSeek: (at: number) => void): SeekBar {
  const range = el('input', { type: 'range', min: '0', max: '0', step: 'any', value: '0', 'aria-label': say('position') });
  const picture = el('div', { class: 'picture' });
  const time = el('span', {});
  const preview = el('div', { class: 'preview', 'aria-hidden': 'true' }, picture, time);
  const root = el('div', { class: 'seek' }, preview, range);
  let total = 0;
  let held = false;
  let sheet = '';
  let cues: Cue[] = [];
  preview.hidden = true;
  picture.hidden = true;

  const paint = (at: number) => {
    range.value = String(at);
    root.style.setProperty('--at', total > 0 ? String(Math.min(1, at / total)) : '0');
    range.setAttribute('aria-valuetext', say('positionOf', { at: formatClock(at), total: formatClock(total) }));
  };
  const point = (at: number) => {
    preview.hidden = total === 0;
    root.style.setProperty('--over', total > 0 ? String(Math.min(1, Math.max(0, at / total))) : '0');
    time.textContent = formatClock(at);
    const cue = cueAt(cues, at);
    picture.hidden = cue === null;
    if (!cue) return;
    picture.style.width = `${cue.width}px`;
    picture.style.height = `${cue.height}px`;
    picture.style.background = `url("${sheet}") -${cue.x}px -${cue.y}px`;
  };

  range.addEventListener('input', () => {
    held = true;
    const at = Number(range.value);
    paint(at);
    point(at);
  });
  range.addEventListener('change', () => {
    held = false;
    preview.hidden = true;
    onSeek(Number(range.value));
  });
  root.addEventListener('pointermove', (event) => {
    const { left, width } = range.getBoundingClientRect();
    if (!held && width > 0) point(Math.min(1, Math.max(0, (event.clientX - left) / width)) * total);
  });
  root.addEventListener('pointerleave', () => (preview.hidden = true));
  // The pointer may be let go of outside, and a key moves by steps that fit the length.
  range.addEventListener('blur', () => (held = false));
  range.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -60, PageUp: 60 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = Math.min(total, Math.max(0, Number(range.value) + step));
    paint(at);
    onSeek(at);
  });

  return {
    root,
    show(at, length) {
      total = length;
      range.max = String(length);
      range.disabled = length === 0;
      if (!held) paint(at);
    },
    usePictures(address, found) {
      sheet = address;
      cues = found;
    },
  };
}
