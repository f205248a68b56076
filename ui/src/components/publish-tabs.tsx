import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Envs } from '../lib/api-types';
import { MASK, publishAddresses, type PublishTarget } from '../lib/publish-addresses';
import { FfmpegPanel, RtmpPanel, SrtPanel, WhipPanel } from './publish-panels';
import classes from './publish-tabs.module.css';

interface PublishTabsProps {
  envs: Envs;
  target: PublishTarget;
}

/** What an encoder is told, one tab for each way to publish; the secret is masked until shown. */
export function PublishTabs({ envs, target }: PublishTabsProps) {
  const { t } = useTranslation();
  const real = publishAddresses(envs, target);
  const shown = publishAddresses(envs, { ...target, secret: MASK });
  const { srt, webrtc } = envs.capabilities;
  return (
    <Tabs defaultValue="rtmp" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="rtmp">{t('ingest.rtmp.tab')}</Tabs.Tab>
        <Tabs.Tab value="srt" className={classes.tab} mod={{ away: !srt }}>
          SRT
        </Tabs.Tab>
        <Tabs.Tab value="whip" className={classes.tab} mod={{ away: !webrtc }}>
          WHIP
        </Tabs.Tab>
        <Tabs.Tab value="ffmpeg">FFmpeg</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="rtmp" className={classes.panel}>
        <RtmpPanel real={real} shown={shown} />
      </Tabs.Panel>
      <Tabs.Panel value="srt" className={classes.panel}>
        <SrtPanel real={real} shown={shown} available={srt} />
      </Tabs.Panel>
      <Tabs.Panel value="whip" className={classes.panel}>
        <WhipPanel real={real} secret={target.secret} available={webrtc} />
      </Tabs.Panel>
      <Tabs.Panel value="ffmpeg" className={classes.panel}>
        <FfmpegPanel real={real} shown={shown} />
      </Tabs.Panel>
    </Tabs>
  );
}
