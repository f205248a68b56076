import { Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from './helpful-error';

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** How many lines the skeleton has. */
  rows?: number;
  children: (data: T) => ReactNode;
}

/** What a query brought; until then a skeleton. A failure is told with a way to try again, beside what is known. */
export function Loaded<T>({ query, rows = 3, children }: LoadedProps<T>) {
  const { t } = useTranslation();
  const retry = () => void query.refetch();
  if (query.data !== undefined) {
    return (
      <>
        {query.error && (
          <div style={{ marginBottom: 12 }}>
            <HelpfulError error={query.error} onRetry={retry} />
          </div>
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <HelpfulError error={query.error} onRetry={retry} />;
  return (
    <Stack aria-busy="true" aria-label={t('common.loading')} gap={10}>
      {Array.from({ length: rows }, (_, at) => (
        <Skeleton key={at} h={36} />
      ))}
    </Stack>
  );
}
