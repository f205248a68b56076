import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { envsQuery, type StreamRef } from '../lib/queries';
import { shareLinks, VOD_APP } from '../lib/share-links';
import { CopyField } from './copy-field';
import { QrButton } from './qr-button';
import classes from './share-links.module.css';

interface ShareLinksProps {
  of: StreamRef;
  /** Goes along in every address; empty for none. */
  pass?: string;
}

/** Every address under which a stream or recording can be watched: for people first, then for players. */
export function ShareLinks({ of, pass = '' }: ShareLinksProps) {
  const { t } = useTranslation();
  const { data: envs } = useQuery(envsQuery);
  const links = shareLinks(of, pass, envs);
  return (
    <div className={classes.columns}>
      <section className={classes.column} aria-label={t('share.people')}>
        <CopyField label={t('share.watch')} description={t('share.watchHint')} value={links.watch} />
        <div>
          <QrButton label={t('share.qr')} value={links.watch} hint={t('share.qrHint')} />
        </div>
        <CopyField label={t('share.embed')} description={t('share.embedHint')} value={links.embed} />
      </section>
      <section className={classes.column} aria-label={t('share.players')}>
        <CopyField label="HLS" description={t(of.app === VOD_APP ? 'share.playersHint' : 'share.hlsHint')} value={links.hls} />
        {links.mp4 && <CopyField label="MP4" description={t('share.mp4Hint')} value={links.mp4} />}
        {links.flv && <CopyField label="HTTP-FLV" description={t('share.flvHint')} value={links.flv} />}
        {links.rtmp && <CopyField label="RTMP" description={t('share.rtmpHint')} value={links.rtmp} />}
        {links.srt && <CopyField label="SRT" description={t('share.srtHint')} value={links.srt} />}
      </section>
    </div>
  );
}
