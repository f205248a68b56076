import { Button, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { apiPost, apiUrl } from '../../../lib/api-client';
import { formatBytes } from '../../../lib/format';
import type { SupportBundle } from '../../../lib/monitor-types';

/** Everything somebody who helps needs to know, without secrets, in one file. */
export function BundleCard() {
  const { t } = useTranslation();
  const make = useMutation({ mutationFn: () => apiPost<SupportBundle>('mgmt/support-bundle') });
  return (
    <Card
      title={t('logs.bundle.title')}
      aside={
        <Button size="compact-md" variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          {t('logs.bundle.make')}
        </Button>
      }
    >
      <Stack gap="sm">
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('logs.bundle.text')}</p>
        {make.error && <HelpfulError error={make.error} />}
        {make.data && (
          <Notice tone="ok" role="status" title={t('logs.bundle.made', { size: formatBytes(make.data.bytes) })}>
            <p style={{ overflowWrap: 'anywhere' }}>{make.data.parts.join(', ')}</p>
            <Button
              mt={8}
              component="a"
              size="compact-md"
              href={apiUrl('mgmt/support-bundle/download')}
              download={make.data.name}
              leftSection={<Icon name="download" size={16} />}
            >
              {t('logs.bundle.download')}
            </Button>
          </Notice>
        )}
      </Stack>
    </Card>
  );
}
