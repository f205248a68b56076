import { Button } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { OutputsBoard } from '../../../features/outputs/components/outputs-board';
import { countGroups } from '../../../features/outputs/output-state';
import { useLiveOutputs } from '../../../features/outputs/use-live-outputs';
import type { Output } from '../../../lib/ffmpeg-types';
import { useTitle } from '../../use-title';
import { OutputsTabs } from './outputs-tabs';

/** Where does it go, and does it arrive? */
export function OutputsPage() {
  const { t } = useTranslation();
  useTitle(t('outputs.title'));
  const { outputs } = useLiveOutputs();
  const { add } = useSearch({ from: '/shell/outputs' });
  const navigate = useNavigate({ from: '/outputs' });
  const show = (adding?: string) => void navigate({ search: adding === undefined ? {} : { add: adding }, replace: true, resetScroll: false });
  return (
    <>
      <PageHead
        title={t('outputs.title')}
        state={outputs ? summary(outputs, t) : t('outputs.intro')}
        actions={
          outputs &&
          outputs.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => show('')}>
              {t('outputs.add')}
            </Button>
          )
        }
      />
      <OutputsTabs />
      <OutputsBoard adding={add ?? null} onAdd={() => show('')} onAdded={() => show()} />
    </>
  );
}

function summary(outputs: Output[], t: TFunction): string {
  if (outputs.length === 0) return t('outputs.intro');
  const counts = countGroups(outputs);
  const parts = (['live', 'trouble', 'waiting'] as const).filter((group) => counts[group] > 0).map((group) => t(`outputs.summary.${group}`, { count: counts[group] }));
  return parts.length > 0 ? parts.join(' · ') : t('outputs.summary.off');
}
