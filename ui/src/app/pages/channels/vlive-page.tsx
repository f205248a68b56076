import { Button } from '@mantine/core';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { ChannelsCard } from '../../../features/channels/components/channels-card';
import { LimitsCard } from '../../../features/channels/components/limits-card';
import { useLiveChannels } from '../../../features/channels/use-live-channels';
import { UploadPanel } from '../../../features/uploads';
import { useTitle } from '../../use-title';
import settings from '../recordings/settings-page.module.css';
import { ChannelsTabs } from './channels-tabs';
import { channelsSummary } from './summary';

/** What plays by itself? */
export function VlivePage() {
  const { t } = useTranslation();
  useTitle(t('nav.channels'));
  const { channels } = useLiveChannels('vlive');
  const [adding, setAdding] = useState(false);
  const uploads = useCallback(
    (owner: string, onArrived: (file: { id: string; name: string }) => void) => <UploadPanel purpose="vlive" owner={owner} onArrived={onArrived} />,
    [],
  );
  return (
    <>
      <PageHead
        title={t('nav.channels')}
        state={channelsSummary(channels, 'vlive', t)}
        actions={
          channels !== null &&
          channels.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('channels.vlive.add')}
            </Button>
          )
        }
      />
      <ChannelsTabs />
      <div className={settings.columns}>
        <ChannelsCard kind="vlive" uploads={uploads} adding={adding} onAdd={() => setAdding(true)} onAdded={() => setAdding(false)} />
        <LimitsCard />
      </div>
    </>
  );
}
