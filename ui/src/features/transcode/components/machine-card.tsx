import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { KeyValue } from '../../../components/key-value';
import { Loaded } from '../../../components/loaded';
import { transcodesQuery } from '../api/use-transcode';
import { formatPercent } from '../transcode-state';

/** What this machine can carry. */
export function MachineCard() {
  const { t } = useTranslation();
  const query = useQuery(transcodesQuery);
  return (
    <Card title={t('transcode.machine.title')}>
      <Loaded query={query} rows={2}>
        {({ machine: { cores, speed_1080p30, hardware, free_percent } }) => (
          <KeyValue
            facts={[
              { name: t('transcode.machine.cores'), value: cores },
              { name: t('transcode.machine.free'), value: formatPercent(free_percent), unit: '%' },
              ...(speed_1080p30 > 0 ? [{ name: t('transcode.machine.speed'), value: speed_1080p30.toFixed(1), unit: t('transcode.machine.speedUnit') }] : []),
              { name: t('transcode.machine.hardware'), value: hardware.length > 0 ? hardware.map((one) => one.toUpperCase()).join(', ') : t('transcode.machine.none') },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
