import { SegmentedControl, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { formatDateTime } from '../../../lib/format';
import type { DashboardSeries } from '../../../lib/monitor-types';
import { seriesQuery } from '../api/use-monitoring';
import { aligned, GRAPHS, type Graph } from '../graphs';
import { RANGES, type Range } from '../range';
import classes from './graphs.module.css';

const TimeSeries = lazy(() => import('../../../components/time-series').then((module) => ({ default: module.TimeSeries })));

const HEIGHT = 190;

/** How it was, over an hour to a month, and who knows it. */
export function Graphs() {
  const { t } = useTranslation();
  const [range, setRange] = useState<Range>('1h');
  const query = useQuery(seriesQuery(range));
  return (
    <Stack gap={12}>
      <div className={classes.head}>
        <SegmentedControl
          size="xs"
          aria-label={t('monitor.range')}
          value={range}
          data={RANGES.map((value) => ({ value, label: t(`monitor.ranges.${value}`) }))}
          onChange={(value) => setRange(value as Range)}
        />
        {query.data && <span className={classes.source}>{t(`monitor.source.${query.data.source}`)}</span>}
      </div>
      {query.error && <HelpfulError error={query.error} onRetry={() => void query.refetch()} />}
      {(query.data || !query.error) && (
        <div className={classes.grid} data-old={query.isPlaceholderData || undefined}>
          {GRAPHS.map((graph) => (
            <Card key={graph.id} title={t(`monitor.graphs.${graph.id}`)}>
              {query.data ? <Drawn graph={graph} data={query.data} /> : <Skeleton h={HEIGHT + 26} aria-busy="true" aria-label={t('common.loading')} />}
            </Card>
          ))}
        </div>
      )}
    </Stack>
  );
}

function Drawn({ graph, data }: { graph: Graph; data: DashboardSeries }) {
  const { t, i18n } = useTranslation();
  const found = graph.lines.flatMap((line) => {
    const told = data.series.find(({ name }) => name === line.name);
    return told ? [{ ...line, told }] : [];
  });
  const { times, values } = aligned(found.map(({ told }) => told));
  const measured = values.some((line) => line.some((value) => value !== null));
  if (!measured) return <p className={classes.none}>{t('monitor.nothing')}</p>;
  const when = (at: number) => formatDateTime(times[at] ?? 0, i18n.language);
  const names = found.map(({ name }) => t(`monitor.lines.${name}`));
  const at = (moment: number) =>
    [when(moment), ...names.map((name, line) => `${name} ${known(values[line]?.[moment] ?? null, graph)}`)].join(' · ');
  return (
    <Suspense fallback={<Skeleton h={HEIGHT + 26} aria-busy="true" aria-label={t('common.loading')} />}>
      <TimeSeries
        label={t('monitor.label', { what: names.join(', '), from: when(0), to: when(times.length - 1) })}
        times={times}
        series={found.map(({ color, filled = false, dashed = false }, line) => ({ name: names[line] ?? '', color, filled, dashed, values: values[line] ?? [] }))}
        describe={at}
        scale={graph.scale}
        height={HEIGHT}
        together="monitoring"
      />
    </Suspense>
  );
}

function known(value: number | null, { scale }: Graph): string {
  return value === null ? '–' : scale.format(value);
}
