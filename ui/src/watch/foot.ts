import { apiGet } from '../lib/api-client';
import type { Beian } from '../lib/house-types';
import { FILINGS } from '../lib/filings';
import { el } from './dom';

/** Put the numbers of filings under the page, where there are any. In a frame they belong to the page around it. */
export async function showFoot(): Promise<void> {
  if (window.self !== window.top) return;
  const found = await apiGet<Beian>('mgmt/beian/query').catch(() => null);
  const links = FILINGS.flatMap(({ name, href }) => {
    const number = found?.[name];
    return number ? [el('a', { href, target: '_blank', rel: 'noreferrer' }, number)] : [];
  });
  if (links.length === 0) return;
  document.documentElement.classList.add('with-foot');
  document.body.append(el('footer', { class: 'foot' }, ...links));
}
