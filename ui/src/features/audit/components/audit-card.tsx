import { Button, Group, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { ApiError } from '../../../lib/api-error';
import { errorText } from '../../../lib/error-text';
import type { AuditEntry } from '../../../lib/monitor-types';
import { auditQuery } from '../api/use-audit';
import { deedName } from '../deed';
import classes from './audit-card.module.css';

const TYPING_MS = 350;

/** Who did what, to what, from where, when, and whether it was let through. */
export function AuditCard() {
  const { t } = useTranslation();
  const [who, setWho] = useState('');
  const [what, setWhat] = useState('');
  const [asked] = useDebouncedValue({ who: who.trim(), what: what.trim() }, TYPING_MS);
  const query = useInfiniteQuery(auditQuery(asked.who, asked.what));
  const columns = useColumns();
  return (
    <Card
      title={t('audit.title')}
      aside={
        <Group gap={8} className={classes.filters}>
          <TextInput size="xs" aria-label={t('audit.who')} placeholder={t('audit.who')} value={who} onChange={(event) => setWho(event.currentTarget.value)} />
          <TextInput size="xs" aria-label={t('audit.search')} placeholder={t('audit.search')} value={what} onChange={(event) => setWhat(event.currentTarget.value)} />
        </Group>
      }
    >
      <Loaded query={query} rows={6}>
        {({ pages }) => {
          const entries = pages.flatMap((page) => page.entries);
          return (
            <>
              {entries.length === 0 ? (
                <EmptyState icon="info" title={t('audit.none')} text={t(asked.who || asked.what ? 'audit.noneFound' : 'audit.noneText')} />
              ) : (
                <DataTable label={t('audit.title')} columns={columns} rows={entries} rowKey={({ id }) => id} step={Infinity} />
              )}
              {query.hasNextPage && (
                <Button mt={12} variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('audit.older')}
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function useColumns(): Column<AuditEntry>[] {
  const { t } = useTranslation();
  return [
    { key: 'what', head: t('audit.what'), kind: 'main', cell: ({ what }) => <span title={what}>{deedName(what, t)}</span> },
    { key: 'target', head: t('audit.target'), cell: ({ target }) => <span className={classes.target}>{target || '–'}</span> },
    { key: 'who', head: t('audit.who'), cell: ({ who }) => whoName(who, t('audit.nobody')) },
    { key: 'from', head: t('audit.from'), cell: ({ from }) => from || '–' },
    { key: 'at', head: t('audit.at'), cell: ({ at_ms }) => <TimeAgo ms={at_ms} /> },
    { key: 'result', head: t('audit.result'), cell: ({ result }) => <Result result={result} /> },
  ];
}

function Result({ result }: { result: string }) {
  const { t } = useTranslation();
  if (result === 'ok') return <StateBadge tone="ok" word={t('audit.ok')} />;
  const { message } = errorText(new ApiError({ key: result, message: result, path: '' }), t);
  return <StateBadge tone="warn" word={t('audit.refused')} reason={message} />;
}

function whoName(who: string, nobody: string): string {
  return who === 'nobody' ? nobody : who;
}
