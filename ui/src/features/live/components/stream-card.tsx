import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CopyField } from '../../../components/copy-field';
import { Icon } from '../../../components/icons';
import type { Stream } from '../../../lib/api-types';
import { streamUrls } from '../../../lib/stream-urls';
import { useNow } from '../../../lib/use-now';
import { factsAgeS, STALE_AFTER_S } from '../stream-health';
import { KickButton } from './kick-button';
import { LivePicture } from './live-picture';
import { OnAir } from './on-air';
import { StreamAdvice } from './stream-advice';
import classes from './stream-card.module.css';
import { StreamFacts } from './stream-facts';
import { StreamState } from './stream-state';

interface StreamCardProps {
  stream: Stream;
  /** Add to Date.now() to get the server's clock, ms. */
  clockOffsetMs: number;
  /** On the stream's own page, whose head has the ways on. */
  alone?: boolean;
  /** Begin with a still picture; it moves when somebody asks for it. */
  still?: boolean;
}

/** One live stream: its picture, what is known of it, how to share it, how to end it. */
export function StreamCard({ stream, clockOffsetMs, alone = false, still = false }: StreamCardProps) {
  const { t } = useTranslation();
  const serverNow = useNow() + clockOffsetMs;
  const urls = streamUrls(stream.app, stream.stream);
  const ageS = factsAgeS(stream, serverNow);
  const stale = ageS !== null && ageS > STALE_AFTER_S;

  return (
    <div className={classes.enter} data-testid="live-card">
      <Card padded={false} label={t('live.cardLabel', { url: stream.url })}>
        <div className={classes.picture}>
          <LivePicture stream={stream} still={still} overlay={<OnAir seconds={(serverNow - stream.since_ms) / 1000} stale={stale} />} />
        </div>
        <div className={classes.body}>
          <div className={classes.head}>
            <div className={classes.title}>
              <h2 className={classes.name}>{stream.url}</h2>
              <StreamState ageS={ageS} />
            </div>
            <KickButton stream={stream} />
          </div>
          <StreamAdvice stream={stream} />
          <div className={classes.facts} data-stale={stale || undefined}>
            <StreamFacts stream={stream} serverNow={serverNow} />
          </div>
          <div className={classes.foot}>
            <div className={classes.share}>
              <CopyField label={t('live.shareLink')} value={urls.watch} />
            </div>
            {!alone && (
              <div className={classes.actions}>
                <Button component="a" href={urls.watch} target="_blank" rel="noopener" variant="light" c="var(--ss-accent)" leftSection={<Icon name="open" size={16} />}>
                  {t('live.watch')}
                </Button>
                <Button
                  renderRoot={(props) => <Link {...props} to="/streams/$app/$stream" params={{ app: stream.app, stream: stream.stream }} />}
                  variant="default"
                  leftSection={<Icon name="rules" size={16} />}
                >
                  {t('live.manage')}
                </Button>
              </div>
            )}
          </div>
        </div>
      </Card>
    </div>
  );
}
