import { Radio, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { Notice } from '../../../components/notice';
import { useLive } from '../../../lib/use-live';
import type { useChangeService } from '../api/use-services';

const SERVERS = ['engine', 'srs-server', 'srs-dev'] as const;

/** Another media server in the place of the one that runs. */
export function SwitchMedia({ present, change, onClose }: { present: string; change: ReturnType<typeof useChangeService>; onClose: () => void }) {
  const { t } = useTranslation();
  const live = useLive().streams?.length ?? 0;
  const [value, setValue] = useState(present);
  return (
    <FormModal
      title={t('services.switch.ask')}
      submit={t('services.switch.submit')}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => (value === present ? onClose() : change.mutate({ action: 'switch', name: value, ...(live > 0 && { force: true }) }, { onSuccess: onClose }))}
      onClose={onClose}
    >
      <Radio.Group label={t('services.switch.which')} value={value} onChange={setValue}>
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
