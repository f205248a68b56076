import { Stack, TagsInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import type { Recording } from '../../../lib/recording-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateRecording } from '../api/use-library';
import { DeletedIn } from './deleted-in';

const MOST_TAGS = 20;
const LONGEST_TAG = 50;
/** Cannot be part of a tag. */
const BETWEEN = '|';

/** What the operator says of a recording: title, tags, and whether rules may delete it. */
export function AboutCard({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const update = useUpdateRecording(recording.id);
  const keep = useUpdateRecording(recording.id);
  const { value, changes, dirty, change, reset } = useDraft({ title: recording.title, tags: recording.tags.join(BETWEEN) });
  const tags = split(value.tags);
  const save = () =>
    update.mutate({ ...(changes.title !== undefined && { title: changes.title }), ...(changes.tags !== undefined && { tags }) }, { onSuccess: reset });
  return (
    <Card title={t('recordings.about.title')} aside={<DeletedIn recording={recording} />}>
      <Stack>
        <TextInput
          label={t('recordings.about.name')}
          placeholder={recording.url || recording.stream}
          maxLength={200}
          value={value.title}
          onChange={(event) => change({ title: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && dirty) save();
          }}
        />
        <TagsInput
          label={t('recordings.about.tags')}
          description={t('recordings.about.tagsHint')}
          maxTags={MOST_TAGS}
          splitChars={[',', '，', BETWEEN]}
          value={tags}
          onChange={(next) => change({ tags: next.map((tag) => tag.trim().slice(0, LONGEST_TAG)).filter(Boolean).join(BETWEEN) })}
        />
        <SaveBar label={t('recordings.about.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
        <OptionSwitch
          label={t('recordings.about.keep')}
          hint={t('recordings.about.keepHint')}
          checked={keep.isPending ? !recording.keep : recording.keep}
          disabled={keep.isPending}
          onChange={(on) => keep.mutate({ keep: on })}
        />
        {keep.error && <HelpfulError error={keep.error} />}
      </Stack>
    </Card>
  );
}

function split(tags: string): string[] {
  return tags === '' ? [] : tags.split(BETWEEN);
}
