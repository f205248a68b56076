import { readPreference, writePreference } from '../lib/preferences';
import { el } from './dom';
import { say } from './words';

export type Delay = 'low' | 'steady';

export function preferredDelay(): Delay {
  return readPreference('delay') === 'steady' ? 'steady' : 'low';
}

/** The choice between little delay and few interruptions; kept in this browser. */
export function delayPanel(onChange: (delay: Delay) => void): HTMLElement {
  const choice = (value: Delay, text: string) => {
    const input = el('input', { type: 'radio', name: 'delay', value });
    input.checked = preferredDelay() === value;
    input.addEventListener('change', () => {
      writePreference('delay', value);
      onChange(value);
    });
    return el('label', { class: 'choice' }, input, text);
  };
  return el(
    'div',
    { class: 'panel', role: 'radiogroup', 'aria-label': say('delay') },
    choice('low', say('delayLow')),
    choice('steady', say('delaySteady')),
  );
}
