import { Drawer, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../../components/copy-button';
import { Loaded } from '../../../components/loaded';
import type { Output } from '../../../lib/ffmpeg-types';
import { formatDateTime } from '../../../lib/format';
import { logQuery } from '../api/use-outputs';
import classes from './log-drawer.module.css';

/** What an output has done and met, newest first; without keys. */
export function LogDrawer({ output, onClose }: { output: Output; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const query = useQuery(logQuery(output.id));
  const clock = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'medium' });
  return (
    <Drawer opened size="lg" onClose={onClose} title={t('outputs.log.title', { label: output.label })} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Loaded query={query}>
        {(lines) =>
          lines.length === 0 ? (
            <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('outputs.log.empty')}</p>
          ) : (
            <Stack>
              <Group justify="space-between">
                <span style={{ color: 'var(--ss-dim)', fontSize: 12 }}>{t('outputs.log.hint')}</span>
                <CopyButton size="compact-md" value={lines.map(({ at_ms, text }) => `${new Date(at_ms).toISOString()} ${text}`).join('\n')}>
                  {t('outputs.log.copy')}
                </CopyButton>
              </Group>
              <ol className={classes.lines} tabIndex={0} aria-label={t('outputs.log.title', { label: output.label })}>
                {lines.toReversed().map(({ at_ms, text }, at) => (
                  <li key={lines.length - at}>
                    <time dateTime={new Date(at_ms).toISOString()} title={formatDateTime(at_ms, i18n.language)}>
                      {clock.format(at_ms)}
                    </time>
                    <span>{text}</span>
                  </li>
                ))}
              </ol>
            </Stack>
          )
        }
      </Loaded>
    </Drawer>
  );
}
