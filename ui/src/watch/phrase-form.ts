import { apiPost } from '../lib/api-client';
import { asApiError } from '../lib/api-error';
import type { Unlocked } from '../lib/api-types';
import { formatSeconds } from '../lib/format';
import { el } from './dom';
import { say } from './words';

/** Asks for the passphrase and gives the pass that it brings to `onPass`. */
export function phraseForm(app: string, stream: string, onPass: (pass: string) => void): HTMLFormElement {
  const input = el('input', {
    type: 'password',
    id: 'passphrase',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: '256',
    required: '',
    'aria-describedby': 'passphrase-error',
  });
  const button = el('button', { type: 'submit', class: 'primary' }, say('passSubmit'));
  const error = el('p', { id: 'passphrase-error', class: 'error', role: 'alert' });
  const form = el(
    'form',
    { class: 'phrase', novalidate: '' },
    el('label', { for: 'passphrase' }, say('passLabel')),
    el('div', { class: 'row' }, input, button),
    error,
  );
  const complain = (text: string) => {
    error.textContent = text;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    input.select();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.disabled) return;
    if (input.value === '') return complain(say('passEmpty'));
    button.disabled = true;
    error.textContent = '';
    void apiPost<Unlocked>('hooks/play/unlock', { app, stream, passphrase: input.value })
      .then(({ pass }) => onPass(pass), (reason: unknown) => complain(whyNot(reason)))
      .finally(() => (button.disabled = false));
  });
  return form;
}

function whyNot(reason: unknown): string {
  const { status, retryAt } = asApiError(reason);
  if (status === 429) {
    const seconds = retryAt === null ? 60 : Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
    return say('passTooOften', { time: formatSeconds(seconds) });
  }
  return say(status >= 400 && status < 500 ? 'passWrong' : 'unreachable');
}
