import type { Delay } from '../lib/playback/types';
import { readPreference, writePreference } from '../lib/preferences';
import { el } from './dom';
import { say } from './words';

const DELAYS = [
  { value: 'instant', word: 'delayInstant' },
  { value: 'low', word: 'delayLow' },
  { value: 'steady', word: 'delaySteady' },
] as const;

export function preferredDelay(): Delay {
  return DELAYS.find(({ value }) => value === readPreference('delay'))?.value ?? 'low';
}

/** The choice between little delay and few interruptions; kept in this browser. */
export function delayPanel(onChange: (delay: Delay) => void) {
  const panel = el('div', { class: 'panel', role: 'radiogroup', 'aria-label': say('delay') });
  const offer = (webrtc: boolean) => {
    const offered = DELAYS.filter(({ value }) => webrtc || value !== 'instant');
    if (panel.childElementCount === offered.length) return;
    const preferred = preferredDelay();
    const checked = offered.some(({ value }) => value === preferred) ? preferred : 'low';
    panel.replaceChildren(
      ...offered.map(({ value, word }) => {
        const input = el('input', { type: 'radio', name: 'delay', value });
        input.checked = value === checked;
        input.addEventListener('change', () => {
          writePreference('delay', value);
          onChange(value);
        });
        return el('label', { class: 'choice' }, input, say(word));
      }),
    );
  };
  offer(false);
  return { panel, offer };
}
