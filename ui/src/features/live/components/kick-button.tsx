import { Button } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/lazy-confirm';
import type { Stream } from '../../../lib/api-types';
import { useKick } from '../api/use-kick';

export function KickButton({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const kick = useKick();
  const close = () => {
    setAsking(false);
    kick.reset();
  };
  return (
    <>
      <Button variant="default" size="xs" c="var(--ss-error)" onClick={() => setAsking(true)}>
        {t('live.kick.open')}
      </Button>
      <Suspense>
        {asking && (
          <ConfirmModal
            title={t('live.kick.title', { url: stream.url })}
            text={t('live.kick.text')}
            confirm={t('live.kick.confirm')}
            pending={kick.isPending}
            error={kick.error}
            onConfirm={() => kick.mutate(stream, { onSuccess: close })}
            onClose={close}
          />
        )}
      </Suspense>
    </>
  );
}
