import { Button, Group } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { useExportConfig } from '../api/use-backup';
import { saveText } from '../save-text';

const ApplyDrawer = lazy(() => import('./apply-drawer').then((module) => ({ default: module.ApplyDrawer })));

/** All settings as one file to read, keep and compare; and the way back. */
export function ConfigurationCard() {
  const { t } = useTranslation();
  const save = useExportConfig();
  const [applying, setApplying] = useState(false);
  return (
    <Card title={t('backup.config.title')}>
      <p style={{ margin: '0 0 14px', color: 'var(--ss-dim)' }}>{t('backup.config.text')}</p>
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<Icon name="download" size={16} />}
          loading={save.isPending}
          onClick={() => save.mutate(undefined, { onSuccess: (yaml) => saveText('streamstead.yaml', yaml) })}
        >
          {t('backup.config.export')}
        </Button>
        <Button variant="default" leftSection={<Icon name="up" size={16} />} onClick={() => setApplying(true)}>
          {t('backup.config.open')}
        </Button>
      </Group>
      {save.error && (
        <div style={{ marginTop: 12 }}>
          <HelpfulError error={save.error} />
        </div>
      )}
      <Suspense>{applying && <ApplyDrawer onClose={() => setApplying(false)} />}</Suspense>
    </Card>
  );
}
