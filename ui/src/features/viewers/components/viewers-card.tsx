import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import type { Stream } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';
import { VIEWERS_A_PAGE, viewersQuery } from '../api/use-viewers';
import { ProtocolCounts } from './protocol-counts';
import { ViewersTable } from './viewers-table';

interface ViewersCardProps {
  of: StreamRef;
  /** The stream while it is live. */
  live: Stream | null;
}

/** Who watches now, a page at a time. */
export function ViewersCard({ of, live }: ViewersCardProps) {
  const { t } = useTranslation();
  // The cursors that led here; the first page has none.
  const [path, setPath] = useState<string[]>([]);
  const viewers = useQuery(viewersQuery(of, path.at(-1) ?? null));
  return (
    <Card title={t('viewers.title')} aside={live && <ProtocolCounts viewers={live.viewers} />}>
      <Loaded query={viewers} rows={5}>
        {({ viewers: list, total, cursor }) =>
          list.length === 0 && path.length === 0 ? (
            <EmptyState icon="viewers" title={t('viewers.emptyTitle')} text={t('viewers.emptyText')} />
          ) : (
            <>
              <ViewersTable viewers={list} />
              {(cursor !== null || path.length > 0) && (
                <Group component="nav" aria-label={t('viewers.pages')} justify="flex-end" mt={12}>
                  <span style={{ color: 'var(--ss-dim)', fontSize: 13 }}>
                    {t('viewers.range', {
                      from: path.length * VIEWERS_A_PAGE + Math.min(1, list.length),
                      to: path.length * VIEWERS_A_PAGE + list.length,
                      total,
                    })}
                  </span>
                  <Button variant="default" size="xs" disabled={path.length === 0} onClick={() => setPath(path.slice(0, -1))}>
                    {t('viewers.previous')}
                  </Button>
                  <Button variant="default" size="xs" disabled={cursor === null} onClick={() => cursor !== null && setPath([...path, cursor])}>
                    {t('viewers.next')}
                  </Button>
                </Group>
              )}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
