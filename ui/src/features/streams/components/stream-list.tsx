import { SegmentedControl, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import { knownStreamsQuery } from '../../../lib/queries';
import { useLive } from '../../../lib/use-live';
import { fittingRows, streamRows, type StreamFilter } from '../stream-rows';
import classes from './stream-list.module.css';
import { StreamTable } from './stream-table';

/** Every stream that was added or is live. */
export function StreamList() {
  const { t } = useTranslation();
  const known = useQuery(knownStreamsQuery);
  const { streams: live } = useLive();
  const [filter, setFilter] = useState<StreamFilter>('all');
  const [search, setSearch] = useState('');
  return (
    <Card title={t('streams.list.title')}>
      <Loaded query={known}>
        {(added) => {
          const all = streamRows(added, live ?? []);
          if (all.length === 0) return <EmptyState icon="streams" title={t('streams.list.emptyTitle')} text={t('streams.list.emptyText')} />;
          const rows = fittingRows(all, filter, search);
          return (
            <>
              <div className={classes.tools}>
                <TextInput
                  type="search"
                  aria-label={t('streams.list.search')}
                  placeholder={t('streams.list.search')}
                  value={search}
                  onChange={(event) => setSearch(event.currentTarget.value)}
                />
                <SegmentedControl
                  aria-label={t('streams.list.filter')}
                  value={filter}
                  onChange={(value) => setFilter(value as StreamFilter)}
                  data={(['all', 'live', 'off'] as const).map((value) => ({ value, label: t(`streams.list.${value}`) }))}
                />
              </div>
              {rows.length > 0 ? <StreamTable rows={rows} /> : <p role="status">{t('streams.list.noMatch')}</p>}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
