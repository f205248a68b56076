import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { SpeedCard } from '../../../features/storage/components/speed-card';
import { TargetsCard } from '../../../features/storage/components/targets-card';
import { UploadsCard } from '../../../features/storage/components/uploads-card';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import type { StorageTarget } from '../../../lib/recording-types';
import { useTitle } from '../../use-title';
import { RecordingsTabs } from '../recordings-tabs';
import classes from './settings-page.module.css';

/** Where do recordings go, and do they arrive? */
export function StoragePage() {
  const { t } = useTranslation();
  useTitle(t('storage.title'));
  const targets = useQuery(storageTargetsQuery).data?.targets;
  const [adding, setAdding] = useState(false);
  return (
    <>
      <PageHead
        title={t('nav.recordings')}
        state={targets ? summary(targets, t) : t('storage.intro')}
        actions={
          targets &&
          targets.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('storage.add')}
            </Button>
          )
        }
      />
      <RecordingsTabs />
      <div className={classes.columns}>
        <Stack gap={12}>
          <TargetsCard adding={adding} onAdd={() => setAdding(true)} onAdded={() => setAdding(false)} />
          <UploadsCard />
        </Stack>
        <SpeedCard />
      </div>
    </>
  );
}

function summary(targets: StorageTarget[], t: TFunction): string {
  const used = targets.filter(({ enabled }) => enabled);
  const failing = used.filter(({ health }) => health.ok === false).length;
  if (failing > 0) return t('storage.state.failing', { count: failing });
  return used.length === 0 ? t('storage.intro') : t('storage.state.ok', { count: used.length });
}
