import { Drawer, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { QrButton } from '../../../components/qr-button';
import type { Stream } from '../../../lib/api-types';
import { streamUrls } from '../../../lib/stream-urls';

interface ShareDrawerProps {
  stream: Stream;
  onClose: () => void;
}

/** Every address under which the stream can be watched. */
export function ShareDrawer({ stream, onClose }: ShareDrawerProps) {
  const { t } = useTranslation();
  const urls = streamUrls(stream.app, stream.stream);
  return (
    <Drawer opened onClose={onClose} title={t('share.title', { url: stream.url })} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="lg">
        <CopyField label={t('share.watch')} description={t('share.watchHint')} value={urls.watch} />
        <CopyField label="HLS" description={t('share.hlsHint')} value={urls.hls} />
        <CopyField label="HTTP-FLV" description={t('share.flvHint')} value={urls.flv} />
        <CopyField label={t('share.embed')} description={t('share.embedHint')} value={urls.embed} />
        <div>
          <QrButton label={t('share.qr')} value={urls.watch} hint={t('share.qrHint')} />
        </div>
      </Stack>
    </Drawer>
  );
}
