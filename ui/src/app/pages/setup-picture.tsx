import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { ConnectionBanner } from '../../components/connection-banner';
import { Icon } from '../../components/icons';
import { StateBadge } from '../../components/state-badge';
import { DemoSwitch } from '../../features/ingest/components/demo-switch';
import { IngestCard } from '../../features/ingest/components/ingest-card';
import { FirstPicture } from '../../features/live/components/first-picture';
import { useLive } from '../../lib/use-live';
import { FullScreen } from '../full-screen';
import classes from './setup-picture.module.css';
import { SetupSteps } from './setup-steps';

/** Waits for the first stream and turns green by itself. */
export function SetupPicture() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const stream = useLive().streams?.[0];
  const go = () => void navigate({ to: '/' });

  if (stream) {
    return (
      <FullScreen
        wide
        title={t('setup.liveTitle')}
        text={t('setup.liveText')}
        above={<SetupSteps current="share" />}
      >
        <div className={classes.done}>
          <div style={{ marginBottom: 12 }} role="status">
            <StateBadge tone="ok" word={t('setup.received', { url: stream.url })} />
          </div>
          <FirstPicture stream={stream} />
          <div className={classes.forward}>
            <Button size="md" onClick={go}>
              {t('setup.finish')}
            </Button>
          </div>
        </div>
      </FullScreen>
    );
  }
  return (
    <>
      <ConnectionBanner />
      <FullScreen wide title={t('setup.pictureTitle')} text={t('setup.pictureText')} above={<SetupSteps current="picture" />}>
        <div className={classes.columns}>
          <div className={classes.side}>
            <div className={classes.waiting} role="status">
              <span className={classes.pulse}>
                <Icon name="streams" size={34} />
              </span>
              <p className={classes.word}>{t('setup.waiting')}</p>
              <p>{t('setup.waitingText')}</p>
            </div>
            <Card label={t('demo.label')}>
              <DemoSwitch />
            </Card>
          </div>
          <IngestCard />
        </div>
        <div className={classes.forward}>
          <Button variant="subtle" onClick={go}>
            {t('setup.later')}
          </Button>
        </div>
      </FullScreen>
    </>
  );
}
