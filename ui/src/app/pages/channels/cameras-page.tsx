import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { ChannelsCard } from '../../../features/channels/components/channels-card';
import { useLiveChannels } from '../../../features/channels/use-live-channels';
import { useTitle } from '../../use-title';
import { ChannelsTabs } from './channels-tabs';
import { channelsSummary } from './summary';

/** Which sources are fetched from elsewhere? */
export function CamerasPage() {
  const { t } = useTranslation();
  useTitle(t('channels.tabs.cameras'));
  const { channels } = useLiveChannels('camera');
  const [adding, setAdding] = useState(false);
  return (
    <>
      <PageHead
        title={t('nav.channels')}
        state={channelsSummary(channels, 'camera', t)}
        actions={
          channels !== null &&
          channels.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('channels.camera.add')}
            </Button>
          )
        }
      />
      <ChannelsTabs />
      <ChannelsCard kind="camera" adding={adding} onAdd={() => setAdding(true)} onAdded={() => setAdding(false)} />
    </>
  );
}
