import { Stack, Switch, Text } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { useDemo } from '../api/use-ingest';

/** Publishes a test picture with clock and tone: a live stream without an encoder. */
export function DemoSwitch() {
  const { t } = useTranslation();
  const hintId = useId();
  const { demo, change } = useDemo();
  const enabled = change.isPending ? change.variables : (demo.data?.enabled ?? false);
  const trouble = demo.data?.state === 'retrying' ? demo.data.detail : '';
  return (
    <Stack gap="xs">
      <Switch
        label={t('demo.label')}
        aria-describedby={hintId}
        checked={enabled}
        disabled={!demo.data || change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
      />
      {/* Apart from the label: as its description it would become part of the switch's name. */}
      <Text id={hintId} size="xs" c="dimmed">
        {t('demo.description')}
      </Text>
      {enabled && trouble && <Notice tone="warn">{trouble}</Notice>}
      {change.error !== null && <HelpfulError error={change.error} />}
      {demo.error !== null && !demo.data && <HelpfulError error={demo.error} onRetry={() => void demo.refetch()} />}
    </Stack>
  );
}
