import { useTranslation } from 'react-i18next';
import { Notice } from '../../../components/notice';
import type { Stream } from '../../../lib/api-types';
import { adviceFor } from '../stream-health';

export function StreamAdvice({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const advice = adviceFor(stream);
  return advice && <Notice tone="warn">{t(`live.advice.${advice}`)}</Notice>;
}
