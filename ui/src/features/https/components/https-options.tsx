import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { ConfirmModal } from '../../../components/lazy-confirm';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import { frontQuery, useUpdateFront } from '../../../lib/use-front';

/** What is done with HTTPS once it is there: for pages and for RTMP. */
export function HttpsOptions() {
  const { t } = useTranslation();
  const query = useQuery(frontQuery);
  const update = useUpdateFront();
  const [asking, setAsking] = useState(false);
  const shown = (name: 'redirect_https' | 'hsts' | 'rtmps', saved: boolean) => (update.isPending ? (update.variables[name] ?? saved) : saved);
  return (
    <Card title={t('https.options.title')}>
      <Loaded query={query} rows={3}>
        {({ redirect_https, hsts, rtmps, rtmps_port, rtmps_possible, https_ready }) => (
          <Stack gap="lg">
            {!https_ready && <Notice tone="idle">{t('https.options.notReady')}</Notice>}
            <OptionSwitch
              label={t('https.options.redirect')}
              hint={t('https.options.redirectHint')}
              checked={shown('redirect_https', redirect_https)}
              disabled={update.isPending || (!https_ready && !redirect_https)}
              onChange={(on) => update.mutate({ redirect_https: on })}
            />
            <OptionSwitch
              label="HSTS"
              hint={t('https.options.hstsHint')}
              checked={shown('hsts', hsts)}
              disabled={update.isPending || (!https_ready && !hsts)}
              onChange={(on) => (on ? setAsking(true) : update.mutate({ hsts: false }))}
            />
            <OptionSwitch
              label={t('https.options.rtmps', { port: rtmps_port })}
              hint={rtmps_possible || t('https.options.rtmpsHint')}
              checked={shown('rtmps', rtmps)}
              disabled={update.isPending || ((!https_ready || rtmps_possible !== '') && !rtmps)}
              onChange={(on) => update.mutate({ rtmps: on })}
            >
              <code style={{ marginLeft: 50, fontSize: 12 }}>{`rtmps://${location.hostname}:${rtmps_port}/live`}</code>
            </OptionSwitch>
            {update.error && !asking && <HelpfulError error={update.error} />}
          </Stack>
        )}
      </Loaded>
      <Suspense>
        {asking && (
          <ConfirmModal
            title={t('https.options.hstsAsk')}
            text={t('https.options.hstsText')}
            confirm={t('https.options.hstsConfirm')}
            pending={update.isPending}
            error={update.error}
            onConfirm={() => update.mutate({ hsts: true }, { onSuccess: () => setAsking(false) })}
            onClose={() => setAsking(false)}
          />
        )}
      </Suspense>
    </Card>
  );
}
