import { Stack } from '@mantine/core';
import { Link, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../components/empty-state';
import { HelpfulError } from '../components/helpful-error';

/** A page that could not be shown, or does not exist. */
export function PageFault({ error, notFound = false }: { error?: unknown; notFound?: boolean }) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <Stack maw={560} mx="auto" px={16} pt="16vh">
      {notFound ? (
        <EmptyState icon="info" title={t('notFound.title')} text={t('notFound.text')}>
          <Link to="/">{t('notFound.back')}</Link>
        </EmptyState>
      ) : (
        <HelpfulError error={error} onRetry={() => void router.invalidate()} />
      )}
    </Stack>
  );
}
