import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { Player } from '../../../components/player';
import { Snapshot } from '../../../components/snapshot';
import type { Stream } from '../../../lib/api-types';
import { usePreviewSource } from '../../../lib/use-preview-source';
import classes from './live-picture.module.css';

interface LivePictureProps {
  stream: Stream;
  /** Begin with a still picture. */
  still: boolean;
  /** Laid over the upper left corner. */
  overlay: ReactNode;
}

/** A stream's picture: a still one until the moving one is there, or until somebody asks for that. */
export function LivePicture({ stream, still, overlay }: LivePictureProps) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(!still);
  const { app, stream: name, url } = stream;
  const snapshot = <Snapshot app={app} stream={name} alt={still ? t('live.snapshot', { url }) : ''} />;
  if (asked) return <MovingPicture stream={stream} overlay={overlay} poster={snapshot} />;
  return (
    <div className={classes.still}>
      {snapshot}
      <div className={classes.overlay}>{overlay}</div>
      <Button className={classes.play} variant="default" leftSection={<Icon name="play" size={16} />} aria-label={t('live.playOf', { url })} onClick={() => setAsked(true)}>
        {t('live.play')}
      </Button>
    </div>
  );
}

function MovingPicture({ stream: { app, stream, url }, overlay, poster }: { stream: Stream; overlay: ReactNode; poster: ReactNode }) {
  const { t } = useTranslation();
  const source = usePreviewSource(app, stream);
  return <Player label={t('live.preview', { url })} source={source} overlay={overlay} poster={poster} />;
}
