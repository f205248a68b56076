import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable } from '../../../components/data-table';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { retentionQuery } from '../../../lib/recording-queries';
import type { StreamRetention as Own } from '../../../lib/recording-types';
import { useUpdateRetention } from '../api/use-retention';
import { StreamRetentionModal } from './stream-retention-modal';

interface Row extends Own {
  url: string;
}

/** Streams whose recordings are kept for another time than the rest. */
export function StreamRetention() {
  const { t } = useTranslation();
  const saved = useQuery(retentionQuery).data;
  const update = useUpdateRetention();
  const [edited, setEdited] = useState<Row | 'new' | null>(null);
  if (!saved) return null;
  const rows = Object.entries(saved.streams).map(([url, own]) => ({ url, ...own }));
  const without = (url: string) => Object.fromEntries(Object.entries(saved.streams).filter(([one]) => one !== url));
  return (
    <Card
      title={t('retention.streams.title')}
      aside={
        <Button size="compact-md" variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setEdited('new')}>
          {t('retention.streams.add')}
        </Button>
      }
    >
      {rows.length === 0 ? (
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('retention.streams.empty')}</p>
      ) : (
        <DataTable
          label={t('retention.streams.title')}
          rows={rows}
          rowKey={({ url }) => url}
          columns={[
            { key: 'url', head: t('retention.streams.stream'), cell: ({ url }) => url, kind: 'main', compare: (a, b) => a.url.localeCompare(b.url) },
            { key: 'local', head: t('retention.streams.local'), cell: ({ local_days }) => days(local_days, t) },
            { key: 'bucket', head: t('retention.streams.bucket'), cell: ({ bucket_days }) => days(bucket_days, t) },
            {
              key: 'actions',
              head: t('retention.streams.actions'),
              kind: 'actions',
              cell: (row) => (
                <RowMenu label={t('retention.streams.menu', { url: row.url })}>
                  <Menu.Item leftSection={<Icon name="edit" />} onClick={() => setEdited(row)}>
                    {t('retention.streams.edit')}
                  </Menu.Item>
                  <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={() => update.mutate({ streams: without(row.url) })}>
                    {t('retention.streams.remove')}
                  </Menu.Item>
                </RowMenu>
              ),
            },
          ]}
        />
      )}
      {update.error && <HelpfulError error={update.error} />}
      {edited && <StreamRetentionModal of={edited === 'new' ? null : edited} all={saved.streams} onClose={() => setEdited(null)} />}
    </Card>
  );
}

function days(count: number | null | undefined, t: TFunction): string {
  if (count == null) return t('retention.streams.same');
  return count === 0 ? t('retention.streams.ever') : t('retention.streams.days', { count });
}
