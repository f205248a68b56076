import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { OptionSwitch } from '../../../components/option-switch';
import type { TargetDraft } from '../api/use-webhooks';
import { EventPicker } from './event-picker';

interface TargetFormProps {
  start: TargetDraft;
  types: string[];
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit: (draft: TargetDraft) => void;
  onCancel: () => void;
}

const URL_START = /^https?:\/\/[^\s/]+/i;
const ASKED_ABOUT = 'stream.published';

/** Everything that is chosen of a target. */
export function TargetForm({ start, types, submit, pending, error, onSubmit, onCancel }: TargetFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState(false);
  const change = (part: Partial<TargetDraft>) => setDraft({ ...draft, ...part });
  const wrong = {
    label: draft.label.trim() === '',
    url: !URL_START.test(draft.url.trim()),
    types: draft.types.length === 0,
  };

  const send = () => {
    setTried(true);
    if (wrong.label || wrong.url || wrong.types) return;
    onSubmit({ ...draft, label: draft.label.trim(), url: draft.url.trim() });
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="lg">
        <TextInput
          label={t('webhooks.form.label')}
          description={t('webhooks.form.labelHint')}
          data-autofocus
          maxLength={64}
          value={draft.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
          error={tried && wrong.label ? t('webhooks.form.labelMissing') : undefined}
        />
        <TextInput
          label={t('webhooks.form.url')}
          description={t('webhooks.form.urlHint')}
          type="url"
          inputMode="url"
          placeholder="https://example.com/hooks"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={2048}
          value={draft.url}
          onChange={(event) => change({ url: event.currentTarget.value })}
          error={tried && wrong.url ? t('webhooks.form.urlInvalid') : undefined}
        />
        <EventPicker
          label={t('webhooks.form.events')}
          types={types}
          chosen={draft.types}
          onChange={(chosen) => change({ types: chosen, ...(chosen.includes(ASKED_ABOUT) ? {} : { blocking: false }) })}
          error={tried && wrong.types ? t('webhooks.form.eventsMissing') : undefined}
        />
        <OptionSwitch
          label={t('webhooks.form.private')}
          hint={t('webhooks.form.privateHint')}
          checked={draft.allow_private}
          onChange={(allow_private) => change({ allow_private })}
        />
        <OptionSwitch
          label={t('webhooks.form.blocking')}
          hint={t('webhooks.form.blockingHint')}
          checked={draft.blocking}
          onChange={(blocking) => change(asking(blocking, draft, types))}
        >
          <Radio.Group
            pl={50}
            label={t('webhooks.form.fallback')}
            value={draft.fallback}
            onChange={(fallback) => change({ fallback: fallback === 'accept' ? 'accept' : 'refuse' })}
          >
            <Stack gap={10} mt={8}>
              <Radio value="refuse" label={t('webhooks.form.refuse')} description={t('webhooks.form.refuseHint')} />
              <Radio value="accept" label={t('webhooks.form.accept')} description={t('webhooks.form.acceptHint')} />
            </Stack>
          </Radio.Group>
        </OptionSwitch>
        <FormEnd submit={submit} pending={pending} error={error} onCancel={onCancel} />
      </Stack>
    </form>
  );
}

/** Who is asked before publishing is also told of it: the server holds the two together. */
function asking(blocking: boolean, draft: TargetDraft, types: string[]): Partial<TargetDraft> {
  if (!blocking || draft.types.includes(ASKED_ABOUT)) return { blocking };
  return { blocking, types: types.filter((type) => type === ASKED_ABOUT || draft.types.includes(type)) };
}
