import { Button, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { Icon } from '../../../components/icons';
import { Player } from '../../../components/player';
import type { Stream } from '../../../lib/api-types';
import { streamUrls } from '../../../lib/stream-urls';
import { useLive } from '../../../lib/use-live';
import { useNow } from '../../../lib/use-now';
import { usePreviewSource } from '../../../lib/use-preview-source';
import classes from './first-picture.module.css';
import { OnAir } from './on-air';

/** The moment of a new installation: the first picture, and the link to give away. */
export function FirstPicture({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const { clockOffsetMs } = useLive();
  const urls = streamUrls(stream.app, stream.stream);
  const source = usePreviewSource(stream.app, stream.stream);
  const seconds = (useNow() + clockOffsetMs - stream.since_ms) / 1000;
  return (
    <Stack gap="md">
      <div className={classes.picture}>
        <Player label={t('live.preview', { url: stream.url })} source={source} overlay={<OnAir seconds={seconds} />} />
      </div>
      <CopyField label={t('live.shareLink')} value={urls.watch} />
      <Button component="a" href={urls.watch} target="_blank" rel="noopener" variant="default" leftSection={<Icon name="open" size={16} />}>
        {t('live.watch')}
      </Button>
    </Stack>
  );
}
