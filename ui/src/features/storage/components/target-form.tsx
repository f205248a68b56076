import { Button, Group, NativeSelect, PasswordInput, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { HelpfulError } from '../../../components/helpful-error';
import type { StoragePreset, StorageTarget } from '../../../lib/recording-types';
import { useTestTarget } from '../api/use-storage';
import { providerHelp, providerName } from '../provider-words';
import { draftOf, faultsOf, newDraft, toSend, withPreset, withRegion, type TargetDraft } from '../target-draft';
import { AdvancedFields } from './advanced-fields';
import { TestResult } from './test-result';

interface TargetFormProps {
  /** Null: a new one. */
  target: StorageTarget | null;
  presets: StoragePreset[];
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit: (draft: Partial<TargetDraft>) => void;
  onCancel: () => void;
}

/** Everything that is chosen of a target, and a test before it is saved. */
export function TargetForm({ target, presets, submit, pending, error, onSubmit, onCancel }: TargetFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(() => (target ? draftOf(target) : newDraft(presets)));
  const [tried, setTried] = useState(false);
  const test = useTestTarget();
  const regionsId = useId();
  const preset = presets.find(({ provider }) => provider === draft.provider);
  const keysStored = target?.secret_set ?? false;
  const faults = faultsOf(draft, keysStored);
  const change = (part: Partial<TargetDraft>) => setDraft({ ...draft, ...part });
  const text = (name: 'label' | 'endpoint' | 'bucket' | 'prefix' | 'access_key' | 'public_url') => ({
    value: draft[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: tried && faults[name] ? t(`storage.form.faults.${faults[name]}`) : undefined,
  });
  const exact = { autoCapitalize: 'off', autoComplete: 'off', spellCheck: false } as const;

  /** Do it with the fields as they are sent, when nothing is wrong with them. */
  const checked = (act: (fields: Partial<TargetDraft>) => void) => () => {
    setTried(true);
    if (Object.keys(faults).length === 0) act(toSend(draft));
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        checked(onSubmit)();
      }}
    >
      <Stack>
        <NativeSelect
          label={t('storage.form.provider')}
          description={preset && providerHelp(preset, t)}
          value={draft.provider}
          data={presets.map(({ provider }) => ({ value: provider, label: providerName(provider, presets, t) }))}
          onChange={(event) => {
            const chosen = presets.find(({ provider }) => provider === event.currentTarget.value);
            if (chosen) setDraft(withPreset(draft, chosen));
          }}
        />
        <TextInput label={t('storage.form.label')} description={t('storage.form.labelHint')} maxLength={64} data-autofocus {...text('label')} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
          <TextInput
            label={t('storage.form.region')}
            list={regionsId}
            {...exact}
            value={draft.region}
            onChange={(event) => setDraft(withRegion(draft, event.currentTarget.value, preset))}
          />
          <TextInput label={t('storage.form.bucket')} {...exact} {...text('bucket')} />
        </SimpleGrid>
        <datalist id={regionsId}>
          {preset?.regions.map((region) => (
            <option key={region} value={region} />
          ))}
        </datalist>
        <TextInput label={t('storage.form.endpoint')} description={t('storage.form.endpointHint')} inputMode="url" placeholder="https://s3.example.com" {...exact} {...text('endpoint')} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
          <TextInput
            label={t('storage.form.accessKey')}
            placeholder={target?.access_key_hint}
            {...exact}
            {...text('access_key')}
          />
          <PasswordInput
            label={t('storage.form.secretKey')}
            placeholder={keysStored ? t('storage.form.stored') : undefined}
            autoComplete="new-password"
            value={draft.secret_key}
            onChange={(event) => change({ secret_key: event.currentTarget.value })}
            error={tried && faults.secret_key ? t(`storage.form.faults.${faults.secret_key}`) : undefined}
            visibilityToggleButtonProps={{ 'aria-label': t('storage.form.showSecret') }}
          />
        </SimpleGrid>
        <p style={{ margin: '-8px 0 0', color: 'var(--ss-dim)', fontSize: 12 }}>{t(keysStored ? 'storage.form.keysKept' : 'storage.form.keysHint')}</p>
        <AdvancedFields draft={draft} preset={preset} onChange={change} fault={tried ? faults.public_url : undefined} />
        {test.error && <HelpfulError error={test.error} />}
        {test.data && <TestResult test={test.data} />}
        <Group justify="flex-start">
          <Button variant="default" loading={test.isPending} onClick={checked((fields) => test.mutate({ ...(target && { id: target.id }), ...fields }))}>
            {t('storage.form.test')}
          </Button>
        </Group>
        <FormEnd submit={submit} pending={pending} error={error} onCancel={onCancel} />
      </Stack>
    </form>
  );
}
