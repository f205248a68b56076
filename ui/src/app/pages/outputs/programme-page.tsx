import { Button, Menu, NativeSelect } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import { PageHead } from '../../../components/page-head';
import { RowMenu } from '../../../components/row-menu';
import { CarriedCard } from '../../../features/outputs/components/carried-card';
import { useLiveProgrammes } from '../../../features/programme/api/use-programme';
import { OnAirCard } from '../../../features/programme/components/on-air-card';
import { ProgrammeForm } from '../../../features/programme/components/programme-form';
import { RemoveProgramme } from '../../../features/programme/components/remove-programme';
import { SettingsCard } from '../../../features/programme/components/settings-card';
import { SlateCard } from '../../../features/programme/components/slate-card';
import { SourcesCard } from '../../../features/programme/components/sources-card';
import { SLATE, sourceLabel } from '../../../features/programme/programme-state';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import type { Programme } from '../../../lib/ffmpeg-types';
import { unheardMs } from '../../../lib/freshness';
import { useNow } from '../../../lib/use-now';
import { useTitle } from '../../use-title';
import { OutputsTabs } from './outputs-tabs';
import classes from './programme-page.module.css';

/** What is on air now, and what would be instead? */
export function ProgrammePage() {
  const { t } = useTranslation();
  useTitle(t('nav.programme'));
  const { query, programmes = [] } = useLiveProgrammes();
  const { id } = useSearch({ from: '/shell/outputs/programme' });
  const navigate = useNavigate({ from: '/outputs/programme' });
  const [task, setTask] = useState<'create' | 'remove' | null>(null);
  const unheard = unheardMs(useFfmpegFeed(), useNow());
  const chosen = programmes.find((one) => one.id === id) ?? programmes[0];
  const show = (next: string) => void navigate({ search: { id: next }, replace: true, resetScroll: false });
  const done = () => setTask(null);
  return (
    <>
      <PageHead
        title={t('outputs.title')}
        state={chosen ? summary(chosen, t) : t('programme.intro')}
        actions={
          chosen && (
            <div className={classes.actions}>
              {programmes.length > 1 && (
                <NativeSelect aria-label={t('programme.which')} value={chosen.id} data={programmes.map((one) => ({ value: one.id, label: one.label }))} onChange={(event) => show(event.currentTarget.value)} />
              )}
              <RowMenu label={t('programme.menu', { label: chosen.label })}>
                <Menu.Item leftSection={<Icon name="plus" />} onClick={() => setTask('create')}>
                  {t('programme.another')}
                </Menu.Item>
                <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={() => setTask('remove')}>
                  {t('programme.remove.open')}
                </Menu.Item>
              </RowMenu>
            </div>
          )
        }
      />
      <OutputsTabs />
      <Loaded query={query} rows={5}>
        {() =>
          chosen ? (
            <div className={classes.columns} key={chosen.id}>
              <div className={classes.column}>
                <OnAirCard programme={chosen} unheardMs={unheard} />
                <SourcesCard programme={chosen} unheardMs={unheard} />
              </div>
              <div className={classes.column}>
                <CarriedCard programme={chosen.id} unheardMs={unheard} />
                <SlateCard programme={chosen} />
                <SettingsCard programme={chosen} />
              </div>
            </div>
          ) : (
            <Card label={t('nav.programme')}>
              <EmptyState icon="programme" title={t('programme.empty.title')} text={t('programme.empty.text')} action={<Button onClick={() => setTask('create')}>{t('programme.create')}</Button>} />
            </Card>
          )
        }
      </Loaded>
      {task === 'create' && (
        <ProgrammeForm
          onClose={done}
          onMade={(made) => {
            done();
            show(made.id);
          }}
        />
      )}
      {task === 'remove' && chosen && <RemoveProgramme programme={chosen} onClose={done} />}
    </>
  );
}

function summary({ label, state, on_air, sources }: Programme, t: TFunction): string {
  if (on_air === null) return `${label}: ${t(`programme.state.${state}`)}`;
  return `${label}: ${t('programme.summary', { name: on_air === SLATE ? t('programme.slate.name') : sourceLabel(sources, on_air) })}`;
}
