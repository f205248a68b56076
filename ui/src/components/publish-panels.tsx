import { useTranslation } from 'react-i18next';
import { MASK, type PublishAddresses } from '../lib/publish-addresses';
import { CopyField } from './copy-field';
import { Notice } from './notice';
import classes from './publish-tabs.module.css';

interface PanelProps {
  real: PublishAddresses;
  /** The same with the secret masked. */
  shown: PublishAddresses;
}

export function RtmpPanel({ real, shown }: PanelProps) {
  const { t } = useTranslation();
  return (
    <>
      <CopyField label={t('ingest.server')} value={real.rtmpServer} />
      <CopyField label={t('ingest.key')} value={real.streamKey} masked={shown.streamKey} />
      <p className={classes.note}>{t('ingest.rtmp.note')}</p>
    </>
  );
}

export function SrtPanel({ real, shown, available }: PanelProps & { available: boolean }) {
  const { t } = useTranslation();
  if (!available) return <Unavailable protocol="SRT" />;
  return (
    <>
      <CopyField label={t('ingest.srt.url')} value={real.srtUrl} masked={shown.srtUrl} />
      <p className={classes.note}>{t('ingest.srt.note')}</p>
    </>
  );
}

export function WhipPanel({ real, secret, available }: { real: PublishAddresses; secret: string; available: boolean }) {
  const { t } = useTranslation();
  if (!available) return <Unavailable protocol="WHIP" />;
  return (
    <>
      <CopyField label={t('ingest.whip.server')} value={real.whipUrl} />
      <CopyField label={t('ingest.whip.token')} value={secret} masked={MASK} />
      <p className={classes.note}>{t('ingest.whip.note')}</p>
    </>
  );
}

export function FfmpegPanel({ real, shown }: PanelProps) {
  const { t } = useTranslation();
  return (
    <>
      <CopyField label={t('ingest.ffmpeg.test')} value={real.ffmpegTest} masked={shown.ffmpegTest} />
      <CopyField label={t('ingest.ffmpeg.file')} value={real.ffmpegFile} masked={shown.ffmpegFile} />
      <p className={classes.note}>{t('ingest.ffmpeg.note')}</p>
    </>
  );
}

function Unavailable({ protocol }: { protocol: string }) {
  const { t } = useTranslation();
  return (
    <Notice tone="idle" title={t('ingest.unavailable', { protocol })}>
      {t('ingest.unavailableWhy')}
    </Notice>
  );
}
