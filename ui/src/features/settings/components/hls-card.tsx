import { Button, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import type { FrontSettings } from '../../../lib/house-types';
import { useHlsSwitch, type HlsChange } from '../api/use-settings';

const SWITCHES = ['hls', 'noHlsCtx', 'hlsLowLatency'] as const;
// Under these names the server keeps what waits.
const WAITING: Record<HlsChange['name'], string[]> = { hls: ['hls'], noHlsCtx: ['noHlsCtx', 'no_hls_ctx'], hlsLowLatency: ['hlsLowLatency', 'hls_low_latency'] };

/** How HLS is made and handed out, what each way costs, and what is not in force yet. */
export function HlsCard({ front }: { front: FrontSettings }) {
  const { t } = useTranslation();
  const update = useHlsSwitch();
  const { in_effect: effect } = front;
  return (
    <Card title={t('settings.hls.title')}>
      <Stack gap="lg">
        {SWITCHES.map((name) => {
          const waits = front.pending.find((one) => WAITING[name].includes(one.name));
          const busy = update.isPending && update.variables.name === name;
          return (
            <div key={name}>
              <OptionSwitch
                label={t(`settings.hls.${name}.label`)}
                hint={t(`settings.hls.${name}.hint`)}
                checked={busy ? update.variables.on : front[name]}
                disabled={update.isPending}
                onChange={(on) => update.mutate({ name, on })}
              />
              {waits && (
                <div style={{ margin: '8px 0 0 50px' }}>
                  <Notice tone="warn" role="status" title={t('settings.hls.pending')}>
                    <p>{waits.reason}</p>
                    {name !== 'hls' && (
                      <Button mt={8} size="compact-md" variant="default" loading={busy} onClick={() => update.mutate({ name, on: front[name], now: true })}>
                        {t('settings.hls.now')}
                      </Button>
                    )}
                  </Notice>
                </div>
              )}
            </div>
          );
        })}
        {effect && (
          <p style={{ margin: 0, color: 'var(--ss-dim)' }}>
            {t('settings.hls.effect', { fragment: effect.fragment_s, window: effect.window_s, sessions: t(effect.per_viewer ? 'settings.hls.perViewer' : 'settings.hls.shared') })}
          </p>
        )}
        {update.error && <HelpfulError error={update.error} />}
      </Stack>
    </Card>
  );
}
