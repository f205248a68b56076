import { Button } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/lazy-confirm';
import { Icon } from '../../../components/icons';
import { useRotateKey } from '../api/use-ingest';

export function RotateKey() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const rotate = useRotateKey();
  const close = () => {
    setAsking(false);
    rotate.reset();
  };
  return (
    <>
      <Button variant="default" leftSection={<Icon name="rotate" size={16} />} onClick={() => setAsking(true)}>
        {t('ingest.rotate.open')}
      </Button>
      <Suspense>
        {asking && (
          <ConfirmModal
            title={t('ingest.rotate.title')}
            text={t('ingest.rotate.text')}
            confirm={t('ingest.rotate.confirm')}
            pending={rotate.isPending}
            error={rotate.error}
            onConfirm={() => rotate.mutate(undefined, { onSuccess: close })}
            onClose={close}
          />
        )}
      </Suspense>
    </>
  );
}
