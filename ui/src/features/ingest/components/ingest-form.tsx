import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { PublishTabs } from '../../../components/publish-tabs';
import { QrButton } from '../../../components/qr-button';
import type { Envs } from '../../../lib/api-types';
import { publishAddresses, STREAM_NAME } from '../../../lib/publish-addresses';
import classes from './ingest-card.module.css';
import { RotateKey } from './rotate-key';

const APP = 'live';
const DEFAULT_NAME = 'livestream';

export function IngestForm({ envs, secret }: { envs: Envs; secret: string }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(DEFAULT_NAME);
  const valid = STREAM_NAME.test(typed);
  const target = { app: APP, stream: valid ? typed : DEFAULT_NAME, secret };

  return (
    <>
      <PublishTabs envs={envs} target={target} />
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
        <QrButton label={t('ingest.qr')} value={publishAddresses(envs, target).rtmpUrl} hint={t('ingest.qrHint')} />
        <RotateKey />
      </div>
    </>
  );
}
