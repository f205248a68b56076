import { Stack, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { useDemo } from '../api/use-ingest';

/** Publishes a test picture with clock and tone: a live stream without an encoder. */
export function DemoSwitch() {
  const { t } = useTranslation();
  const { demo, change } = useDemo();
  const enabled = change.isPending ? change.variables : (demo.data?.enabled ?? false);
  const trouble = demo.data?.state === 'retrying' ? demo.data.detail : '';
  return (
    <Stack gap="xs">
      <Switch
        label={t('demo.label')}
        description={t('demo.description')}
        checked={enabled}
        disabled={!demo.data || change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
        error={(enabled && trouble) || undefined}
      />
      {change.error !== null && <HelpfulError error={change.error} />}
      {demo.error !== null && !demo.data && <HelpfulError error={demo.error} onRetry={() => void demo.refetch()} />}
    </Stack>
  );
}
