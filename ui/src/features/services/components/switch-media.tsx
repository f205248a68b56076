import { Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { Notice } from '../../../components/notice';
import { envsQuery } from '../../../lib/queries';
import { useLive } from '../../../lib/use-live';
import type { useChangeService } from '../api/use-services';

const SERVERS = ['engine', 'srs-server', 'srs-dev'] as const;

/** Another media server in the place of the one that runs. */
export function SwitchMedia({ change, onClose }: { change: ReturnType<typeof useChangeService>; onClose: () => void }) {
  const { t } = useTranslation();
  const { data: envs } = useQuery(envsQuery);
  const live = useLive().streams?.length ?? 0;
  const [wanted, setWanted] = useState('');
  const value = wanted || (envs?.mediaServer === 'embedded' ? 'srs-server' : 'engine');
  return (
    <FormModal
      title={t('services.switch.ask')}
      submit={t('services.switch.submit')}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ action: 'switch', name: value, ...(live > 0 && { force: true }) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Radio.Group label={t('services.switch.which')} value={value} onChange={setWanted}>
        <Stack gap={10} mt={8}>
          {SERVERS.map((server) => (
            <Radio key={server} value={server} label={t(`services.switch.${server}.name`)} description={t(`services.switch.${server}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Notice tone="warn">
        {t('services.away.media')} {live > 0 && t('services.liveNow', { count: live })}
      </Notice>
    </FormModal>
  );
}
