import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import type { Recording } from '../../../lib/recording-types';
import { libraryQuery } from '../api/use-library';
import { bodyOf, isNarrowed, type LibrarySearch } from '../library-search';
import { useLiveRecordings } from '../use-live-recordings';
import { DeleteModal } from './delete-modal';
import { LibraryTable } from './library-table';
import { LibraryTools } from './library-tools';
import { SelectionBar } from './selection-bar';

interface LibraryProps {
  search: LibrarySearch;
  onSearch: (search: LibrarySearch) => void;
}

/** Every recording: found, looked at, deleted. */
export function Library({ search, onSearch }: LibraryProps) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(libraryQuery(bodyOf(search)));
  const recordings = useLiveRecordings(query.data?.pages.flatMap((page) => page.recordings) ?? []);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<Recording[] | null>(null);
  const mayGo = recordings.filter(({ state }) => state !== 'recording');
  const chosen = mayGo.filter(({ id }) => ticked.has(id));
  const choose = (id: string, on: boolean) => {
    const next = new Set(ticked);
    if (on) next.add(id);
    else next.delete(id);
    setTicked(next);
  };
  return (
    <Card title={t('recordings.list.title')}>
      <Loaded query={query} rows={6}>
        {({ pages }) => {
          const narrowed = isNarrowed(search);
          if (recordings.length === 0 && !narrowed) return <Nothing />;
          return (
            <>
              <LibraryTools search={search} onChange={(change) => onSearch({ ...search, ...change })} />
              {recordings.length === 0 ? (
                <NoMatch onClear={() => onSearch({ sort: search.sort })} />
              ) : (
                <>
                  <SelectionBar
                    count={chosen.length}
                    all={chosen.length > 0 && chosen.length === mayGo.length}
                    onAll={(on) => setTicked(new Set(on ? mayGo.map(({ id }) => id) : []))}
                    onDelete={() => setDeleting(chosen)}
                  />
                  <LibraryTable recordings={recordings} chosen={ticked} onChoose={choose} />
                  {query.hasNextPage && (
                    <Button mt={12} variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      {t('recordings.more', { count: Math.max(1, (pages[0]?.total ?? 0) - recordings.length) })}
                    </Button>
                  )}
                </>
              )}
            </>
          );
        }}
      </Loaded>
      {deleting && <DeleteModal recordings={deleting} onClose={() => setDeleting(null)} onDeleted={(refused) => setTicked(new Set(refused))} />}
    </Card>
  );
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon="recordings"
      title={t('recordings.empty.title')}
      text={t('recordings.empty.text')}
      action={
        <Button component={Link} to="/recordings/rules">
          {t('recordings.empty.rules')}
        </Button>
      }
    >
      <p style={{ margin: 0 }}>{t('recordings.empty.byHand')}</p>
    </EmptyState>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      <p>{t('recordings.noMatch')}</p>
      <Button variant="default" onClick={onClear}>
        {t('recordings.clear')}
      </Button>
    </div>
  );
}
