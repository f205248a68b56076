import { NativeSelect, Radio, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { OptionSwitch } from '../../../components/option-switch';
import type { StoragePreset } from '../../../lib/recording-types';
import type { DraftFault, TargetDraft } from '../target-draft';

interface AdvancedFieldsProps {
  draft: TargetDraft;
  preset: StoragePreset | undefined;
  onChange: (part: Partial<TargetDraft>) => void;
  /** What is wrong with the public address. */
  fault: DraftFault | undefined;
}

/** What few need to change: folded until asked for. */
export function AdvancedFields({ draft, preset, onChange, fault }: AdvancedFieldsProps) {
  const { t } = useTranslation();
  const choices = (known: string[], chosen: string) => [
    { value: '', label: t('storage.form.providerDefault') },
    ...[...new Set([...known, chosen])].filter(Boolean).map((one) => ({ value: one, label: one })),
  ];
  return (
    <details>
      <summary style={{ cursor: 'pointer' }}>{t('storage.form.advanced')}</summary>
      <Stack mt={12}>
        <TextInput
          label={t('storage.form.prefix')}
          description={t('storage.form.prefixHint')}
          placeholder="recordings"
          autoCapitalize="off"
          spellCheck={false}
          value={draft.prefix}
          onChange={(event) => onChange({ prefix: event.currentTarget.value })}
        />
        <OptionSwitch
          label={t('storage.form.pathStyle')}
          hint={t('storage.form.pathStyleHint')}
          checked={draft.path_style}
          onChange={(path_style) => onChange({ path_style })}
        />
        <NativeSelect
          label={t('storage.form.storageClass')}
          description={t('storage.form.storageClassHint')}
          value={draft.storage_class}
          data={choices(preset?.storage_classes ?? [], draft.storage_class)}
          onChange={(event) => onChange({ storage_class: event.currentTarget.value })}
        />
        <NativeSelect
          label={t('storage.form.acl')}
          description={t('storage.form.aclHint')}
          value={draft.acl}
          data={choices(preset?.acls ?? [], draft.acl)}
          onChange={(event) => onChange({ acl: event.currentTarget.value })}
        />
        <TextInput
          label={t('storage.form.publicUrl')}
          description={t('storage.form.publicUrlHint')}
          inputMode="url"
          placeholder="https://cdn.example.com"
          autoCapitalize="off"
          spellCheck={false}
          value={draft.public_url}
          onChange={(event) => onChange({ public_url: event.currentTarget.value })}
          error={fault ? t(`storage.form.faults.${fault}`) : undefined}
        />
        <Radio.Group
          label={t('storage.form.delivery')}
          value={draft.delivery}
          onChange={(delivery) => onChange({ delivery: delivery === 'redirect' ? 'redirect' : 'through' })}
        >
          <Stack gap={10} mt={8}>
            <Radio value="through" label={t('storage.form.through')} description={t('storage.form.throughHint')} />
            <Radio value="redirect" label={t('storage.form.redirect')} description={t('storage.form.redirectHint')} />
          </Stack>
        </Radio.Group>
      </Stack>
    </details>
  );
}
