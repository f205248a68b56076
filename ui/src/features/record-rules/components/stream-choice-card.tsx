import { NativeSelect, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Loaded } from '../../../components/loaded';
import type { StreamRef } from '../../../lib/queries';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import type { RecordMode, StreamRecording } from '../../../lib/recording-types';
import { streamRecordingQuery, useUpdateStreamRecording } from '../api/use-record-rules';

const MODES: RecordMode[] = ['default', 'on', 'off'];
const AS_ALL = 'as-all';
const NOWHERE = 'nowhere';

/** What holds for this stream whatever the rules for all say. Each choice is in force at once. */
export function StreamChoiceCard({ of }: { of: StreamRef }) {
  const { t } = useTranslation();
  const query = useQuery(streamRecordingQuery(of));
  return (
    <Card title={t('recordTab.choice')}>
      <Loaded query={query} rows={4}>
        {(now) => <Choice of={of} now={now} />}
      </Loaded>
    </Card>
  );
}

function Choice({ of, now }: { of: StreamRef; now: StreamRecording }) {
  const { t } = useTranslation();
  const update = useUpdateStreamRecording(of);
  const targets = useQuery(storageTargetsQuery).data?.targets ?? [];
  const chosen = update.isPending ? { ...now, ...update.variables } : now;
  const target = chosen.target_id === null ? AS_ALL : chosen.target_id || NOWHERE;
  return (
    <Stack>
      <Radio.Group label={t('recordTab.mode')} value={chosen.mode} onChange={(mode) => update.mutate({ mode: mode as RecordMode })}>
        <Stack gap={10} mt={8}>
          {MODES.map((mode) => (
            <Radio key={mode} value={mode} label={t(`recordTab.modes.${mode}`)} description={t(`recordTab.modeHints.${mode}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <NativeSelect
        label={t('recordTab.target')}
        description={targets.length === 0 ? t('recordTab.noTargets') : undefined}
        value={target}
        data={[
          { value: AS_ALL, label: t('recordTab.targetAsAll') },
          { value: NOWHERE, label: t('recordTab.targetNowhere') },
          ...targets.map(({ id, label }) => ({ value: id, label })),
        ]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          update.mutate({ target_id: value === AS_ALL ? null : value === NOWHERE ? '' : value });
        }}
      />
      {update.error && <HelpfulError error={update.error} />}
    </Stack>
  );
}
