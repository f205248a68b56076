import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { Icon } from '../../../components/icons';
import { useAcceptStore } from '../api/use-accept-store';
import classes from './emptied-banner.module.css';

/** Everybody is refused until the operator has decided: says so, why, and what can be done. */
export function EmptiedBanner() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const accept = useAcceptStore();
  const close = () => {
    setOpen(false);
    accept.reset();
  };
  return (
    <div className={classes.banner} role="alert">
      <Icon name="error" />
      <span>{t('store.banner')}</span>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        {t('store.open')}
      </Button>
      {open && (
        <ConfirmModal
          title={t('store.title')}
          text={t('store.what')}
          confirm={t('store.confirm')}
          pending={accept.isPending}
          error={accept.error}
          onConfirm={() => accept.mutate(undefined, { onSuccess: close })}
          onClose={close}
        >
          <dl className={classes.ways}>
            <dt>{t('store.restoreTitle')}</dt>
            <dd>{t('store.restoreText')}</dd>
            <dt>{t('store.acceptTitle')}</dt>
            <dd>{t('store.acceptText')}</dd>
          </dl>
        </ConfirmModal>
      )}
    </div>
  );
}
