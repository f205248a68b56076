import { copyText } from '../lib/clipboard';
import type { StreamUrls } from '../lib/stream-urls';
import { el } from './dom';
import { say } from './words';

/** Link and embed code, each with a copy button. */
export function sharePanel(urls: Pick<StreamUrls, 'watch' | 'embed'>): HTMLElement {
  return el('div', { class: 'panel', role: 'group', 'aria-label': say('share') }, row(say('link'), urls.watch), row(say('embed'), urls.embed));
}

function row(name: string, value: string): HTMLElement {
  const input = el('input', { readonly: '', value, 'aria-label': name });
  const button = el('button', { type: 'button', 'aria-label': `${say('copy')}: ${name}` }, say('copy'));
  input.addEventListener('focus', () => input.select());
  button.addEventListener('click', async () => {
    button.textContent = say((await copyText(value)) ? 'copied' : 'copyFailed');
    setTimeout(() => (button.textContent = say('copy')), 2000);
  });
  return el('div', {}, el('span', {}, name), el('div', { class: 'row' }, input, button));
}
