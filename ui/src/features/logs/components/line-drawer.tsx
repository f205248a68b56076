import { Code, Drawer, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../../components/copy-button';
import { KeyValue } from '../../../components/key-value';
import { formatDateTime } from '../../../lib/format';
import type { LogEntry } from '../../../lib/monitor-types';
import { plainLine } from '../log-tail';

/** One line in full. */
export function LineDrawer({ line, onClose }: { line: LogEntry; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const facts = Object.entries(line.fields);
  return (
    <Drawer opened size="lg" onClose={onClose} title={t('logs.line')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="lg">
        <KeyValue
          facts={[
            { name: t('logs.at'), value: formatDateTime(line.at_ms, i18n.language), title: new Date(line.at_ms).toISOString() },
            { name: t('logs.level'), value: t(`logs.levels.${line.level}`) },
            { name: t('logs.service'), value: line.service },
          ]}
        />
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {line.text}
        </Code>
        {facts.length > 0 && <KeyValue facts={facts.map(([name, value]) => ({ name, value: typeof value === 'string' ? value : JSON.stringify(value) }))} />}
        <CopyButton value={plainLine(line)}>{t('logs.copyLine')}</CopyButton>
      </Stack>
    </Drawer>
  );
}
