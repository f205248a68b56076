import { Alert } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import type { Stream } from '../../../lib/api-types';
import { adviceFor } from '../stream-health';

export function StreamAdvice({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const advice = adviceFor(stream);
  if (!advice) return null;
  return (
    <Alert color="yellow" variant="light" py={8} icon={<Icon name="warn" />}>
      {t(`live.advice.${advice}`)}
    </Alert>
  );
}
