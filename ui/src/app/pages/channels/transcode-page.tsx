import { Button } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { LaddersCard } from '../../../features/transcode/components/ladders-card';
import { MachineCard } from '../../../features/transcode/components/machine-card';
import { countStates } from '../../../features/transcode/transcode-state';
import { useLiveTranscodes } from '../../../features/transcode/use-live-transcodes';
import type { Transcode } from '../../../lib/ffmpeg-types';
import { useTitle } from '../../use-title';
import settings from '../recordings/settings-page.module.css';
import { ChannelsTabs } from './channels-tabs';

/** In which sizes is a stream offered, and can the machine carry it? */
export function TranscodePage() {
  const { t } = useTranslation();
  useTitle(t('channels.tabs.transcode'));
  const { transcodes } = useLiveTranscodes();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <PageHead
        title={t('nav.channels')}
        state={transcodes && transcodes.length > 0 ? summary(transcodes, t) : t('transcode.intro')}
        actions={
          transcodes !== null &&
          transcodes.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('transcode.add')}
            </Button>
          )
        }
      />
      <ChannelsTabs />
      <div className={settings.columns}>
        <LaddersCard adding={adding} onAdd={() => setAdding(true)} onAdded={() => setAdding(false)} />
        <MachineCard />
      </div>
    </>
  );
}

function summary(transcodes: Transcode[], t: TFunction): string {
  const counts = countStates(transcodes);
  const parts = (['live', 'trouble'] as const).filter((group) => counts[group] > 0).map((group) => t(`transcode.summary.${group}`, { count: counts[group] }));
  return parts.length > 0 ? parts.join(' · ') : t('transcode.summary.off');
}
