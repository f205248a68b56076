import type { TFunction } from 'i18next';
import type { Output } from '../../lib/ffmpeg-types';

/** A piece of advice in the page's language; as the server says it where the page has no words of its own. */
export function adviceText({ key, message, help }: Output['advice'][number], t: TFunction): { message: string; help: string } {
  const said = (part: 'message' | 'help', otherwise: string) => t(`outputs.advice.${key}.${part}` as 'outputs.advice.title', { defaultValue: otherwise });
  return { message: said('message', message), help: said('help', help) };
}
