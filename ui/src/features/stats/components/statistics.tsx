import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { useLive } from '../../../lib/use-live';
import { viewerStatsQuery, type Scope } from '../api/use-stats';
import type { Range } from '../range';
import { Breakdown } from './breakdown';
import { RangePicker } from './range-picker';
import { SessionLog } from './session-log';
import { ViewersCard } from './viewers-card';

interface StatisticsProps {
  scope: Scope;
  /** Between the graphs and the log. */
  children?: (range: Range) => ReactNode;
}

/** Viewers over time, how and where they watch, and everyone in a list; for one stream or all. */
export function Statistics({ scope, children }: StatisticsProps) {
  const { t } = useTranslation();
  const [range, setRange] = useState<Range>('day');
  const query = useQuery(viewerStatsQuery(scope, range, useLive().clockOffsetMs));
  const picker = <RangePicker value={range} onChange={setRange} />;
  return (
    <Stack gap={12}>
      {query.data ? (
        <>
          {query.error && <HelpfulError error={query.error} onRetry={() => void query.refetch()} />}
          <ViewersCard stats={query.data} picker={picker} />
          <Breakdown stats={query.data} />
        </>
      ) : (
        <Card title={t('stats.chart.title')} aside={picker}>
          {query.error ? (
            <HelpfulError error={query.error} onRetry={() => void query.refetch()} />
          ) : (
            <Skeleton h={340} aria-busy="true" aria-label={t('common.loading')} />
          )}
        </Card>
      )}
      {children?.(range)}
      <SessionLog scope={scope} range={range} />
    </Stack>
  );
}
