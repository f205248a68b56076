import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { footQuery } from '../lib/foot';

const OURS = 'Streamstead';

/** What the tab of the browser says: the page, and behind it the site by the operator's name for it. */
export function useTitle(title: string): void {
  const { data } = useQuery(footQuery);
  const site = data?.title || OURS;
  useEffect(() => {
    document.title = `${title} · ${site}`;
  }, [title, site]);
}
