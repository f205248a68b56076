import { Tabs, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { QrButton } from '../../../components/qr-button';
import type { Envs } from '../../../lib/api-types';
import { ingestAddresses, MASK, STREAM_NAME } from '../addresses';
import classes from './ingest-card.module.css';
import { FfmpegPanel, RtmpPanel, SrtPanel, WhipPanel } from './ingest-panels';
import { RotateKey } from './rotate-key';

const DEFAULT_NAME = 'livestream';

export function IngestForm({ envs, secret }: { envs: Envs; secret: string }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(DEFAULT_NAME);
  const valid = STREAM_NAME.test(typed);
  const name = valid ? typed : DEFAULT_NAME;
  const real = ingestAddresses(envs, name, secret);
  const shown = ingestAddresses(envs, name, MASK);
  const { srt, webrtc } = envs.capabilities;

  return (
    <>
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
          <WhipPanel real={real} secret={secret} available={webrtc} />
        </Tabs.Panel>
        <Tabs.Panel value="ffmpeg" className={classes.panel}>
          <FfmpegPanel real={real} shown={shown} />
        </Tabs.Panel>
      </Tabs>
      <TextInput
        mt={14}
        label={t('ingest.name')}
        description={t('ingest.nameHint')}
        value={typed}
        maxLength={64}
        spellCheck={false}
        autoCapitalize="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={valid ? undefined : t('ingest.nameInvalid')}
      />
      <div className={classes.actions}>
        <QrButton label={t('ingest.qr')} value={real.rtmpUrl} hint={t('ingest.qrHint')} />
        <RotateKey />
      </div>
    </>
  );
}
