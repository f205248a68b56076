import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { PictureSkeleton } from '../../../features/live/components/picture-skeleton';
import { StreamCard } from '../../../features/live/components/stream-card';
import { AddStreamModal } from '../../../features/streams/components/add-stream-modal';
import { DetailsCard } from '../../../features/streams/components/details-card';
import { useStreamRow } from '../../../features/streams/use-stream-row';
import { useLive } from '../../../lib/use-live';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

/** The picture and what is known of it; when there is none, how to send one. */
export function LiveTab() {
  const { row, settled } = useStreamRow(useStreamParams());
  const { clockOffsetMs } = useLive();
  return (
    <div className={classes.columns}>
      {row.live ? (
        <StreamCard key={row.live.client_id} stream={row.live} clockOffsetMs={clockOffsetMs} alone />
      ) : settled ? (
        <NoPicture known={row.known !== null} />
      ) : (
        <PictureSkeleton />
      )}
      {settled && (row.known || row.live) && <DetailsCard row={row} />}
    </div>
  );
}

function NoPicture({ known }: { known: boolean }) {
  const { t } = useTranslation();
  const of = useStreamParams();
  const [adding, setAdding] = useState(false);
  if (known) {
    return (
      <Card label={t('page.offTitle')}>
        <EmptyState
          icon="streams"
          title={t('page.offTitle')}
          text={t('page.offText')}
          action={
            <Button renderRoot={(props) => <Link {...props} to="/streams/$app/$stream/keys" params={of} />} leftSection={<Icon name="key" size={16} />}>
              {t('page.toKeys')}
            </Button>
          }
        />
      </Card>
    );
  }
  return (
    <Card label={t('page.unknownTitle')}>
      <EmptyState icon="info" title={t('page.unknownTitle')} text={t('page.unknownText')} action={<Button onClick={() => setAdding(true)}>{t('streams.add.toList')}</Button>} />
      {adding && <AddStreamModal of={of} onClose={() => setAdding(false)} />}
    </Card>
  );
}
