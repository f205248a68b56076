import type { TFunction } from 'i18next';
import type { ApiError } from './api-error';
import { formatSeconds } from './format';

// These keys cover many causes: what the API says is worth more than a general sentence.
const GENERAL_KEYS = new Set(['invalid', 'internal', 'upstream', 'conflict', 'not_found', 'not_supported', 'field_missing']);

/** What happened and what to do, in the page's language where it has words for the error's key. */
export function errorText(error: ApiError, t: TFunction, now = Date.now()): { message: string; help: string } {
  const time = error.retryAt === null ? '' : formatSeconds(Math.max(1, Math.ceil((error.retryAt - now) / 1000)));
  const key = error.key === 'rate_limited' && time === '' ? 'rate_limited_no_time' : error.key;
  const translated = (part: 'message' | 'help') =>
    t(`errors.${key}.${part}` as 'errors.internal.message', { time, said: asSentence(error.message), defaultValue: '' });
  if (GENERAL_KEYS.has(key)) {
    return { message: error.message || translated('message'), help: error.help || translated('help') };
  }
  return { message: translated('message') || error.message, help: translated('help') || error.help };
}

/** What the API says begins small and ends without a full stop. Names of hosts stay as they are. */
function asSentence(said: string): string {
  const [first = ''] = said.split(' ', 1);
  const begun = /[.:/\d]/.test(first) ? said : said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?。]$/.test(begun) ? begun : `${begun}.`;
}
