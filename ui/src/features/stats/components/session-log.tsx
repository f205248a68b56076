import { Button, NativeSelect } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import { TimeAgo } from '../../../components/time-ago';
import type { LoggedSession } from '../../../lib/api-types';
import { formatBytes, formatClock } from '../../../lib/format';
import { useLive } from '../../../lib/use-live';
import { sessionsQuery, type Scope, type SessionKind } from '../api/use-stats';
import { countryName, protocolName, reasonName } from '../names';
import type { Range } from '../range';

/** Everyone who published or watched, youngest first. */
export function SessionLog({ scope, range }: { scope: Scope; range: Range }) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<SessionKind | null>(null);
  const query = useInfiniteQuery(sessionsQuery(scope, range, kind, useLive().clockOffsetMs));
  const columns = useColumns(scope.stream === undefined);
  return (
    <Card
      title={t('stats.sessions.title')}
      aside={
        <NativeSelect
          size="xs"
          aria-label={t('stats.sessions.kind')}
          value={kind ?? ''}
          data={[
            { value: '', label: t('stats.sessions.all') },
            { value: 'play', label: t('stats.sessions.play') },
            { value: 'publish', label: t('stats.sessions.publish') },
          ]}
          onChange={(event) => setKind((event.currentTarget.value || null) as SessionKind | null)}
        />
      }
    >
      <Loaded query={query} rows={4}>
        {({ pages }) => {
          const sessions = pages.flatMap((page) => page.sessions);
          if (sessions.length === 0) return <EmptyState icon="viewers" title={t('stats.sessions.none')} text={t('stats.sessions.noneText')} />;
          return (
            <>
              <DataTable
                label={t('stats.sessions.title')}
                columns={columns}
                rows={sessions}
                rowKey={({ client_id, started_ms }) => `${client_id} ${started_ms}`}
                step={Infinity}
              />
              {query.hasNextPage && (
                <Button mt={12} variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('stats.sessions.older')}
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function useColumns(withStream: boolean): Column<LoggedSession>[] {
  const { t, i18n } = useTranslation();
  const columns: Column<LoggedSession>[] = [
    {
      key: 'who',
      head: t('stats.sessions.who'),
      kind: 'main',
      cell: ({ kind, protocol }) => `${t(kind === 'play' ? 'stats.sessions.viewer' : 'stats.sessions.publisher')} · ${protocolName(protocol)}`,
    },
    ...(withStream ? [{ key: 'stream', head: t('stats.streams.stream'), cell: ({ app, stream }: LoggedSession) => `${app}/${stream}` }] : []),
    {
      key: 'address',
      head: t('stats.sessions.address'),
      cell: ({ ip, country }) => (country === null ? ip : `${ip} · ${countryName(country, i18n.language)}`),
    },
    { key: 'started', head: t('stats.sessions.started'), cell: ({ started_ms }) => <TimeAgo ms={started_ms} /> },
    {
      key: 'duration',
      head: t('stats.sessions.duration'),
      cell: ({ started_ms, ended_ms }) => (ended_ms === null ? t('stats.sessions.running') : formatClock((ended_ms - started_ms) / 1000)),
    },
    {
      key: 'bytes',
      head: t('stats.sessions.bytes'),
      // Zero: the media server has not counted yet, or does not count this protocol.
      cell: ({ kind, send_bytes, recv_bytes }) => formatBytes(kind === 'play' ? send_bytes : recv_bytes).replace(/^0 B$/, '–'),
    },
    {
      key: 'software',
      head: t('stats.sessions.software'),
      cell: ({ user_agent }) => <span title={user_agent}>{shortAgent(user_agent)}</span>,
    },
    { key: 'end', head: t('stats.sessions.end'), cell: ({ ended_ms, reason }) => (ended_ms === null || reason === '' ? '–' : reasonName(reason, t)) },
  ];
  return columns;
}

const BROWSERS = [/(Edg)\/(\d+)/, /(OPR)\/(\d+)/, /(Firefox)\/(\d+)/, /(Chrome)\/(\d+)/, /(?:Version\/(\d+)[\d.]* .*)?(Safari)\//];
const NAMES: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };

/** The part of a user agent that a person reads: `Chrome 142`, `VLC/3.0.20`, `Lavf/61.1.100`. */
function shortAgent(agent: string): string {
  if (agent === '') return '–';
  if (agent.startsWith('Mozilla/')) {
    for (const pattern of BROWSERS) {
      const found = pattern.exec(agent);
      if (!found) continue;
      const [name, version] = found.slice(1).toSorted((a = '', b = '') => Number(/^\d/.test(a)) - Number(/^\d/.test(b)));
      return [NAMES[name ?? ''] ?? name, version].filter(Boolean).join(' ');
    }
  }
  return agent.length > 28 ? `${agent.slice(0, 27)}…` : agent;
}
