import { Checkbox, Drawer, Group, Input, NativeSelect, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { OptionSwitch } from '../../../components/option-switch';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from '../../../lib/language';
import type { AlertLevel, NotifyKind, NotifyKindFields, NotifyTarget } from '../../../lib/monitor-types';
import { useCreateNotify, useUpdateNotify, type NotifyDraft } from '../api/use-notify';

const LEVELS = ['critical', 'warning', 'info'] as const;
const SECURITIES = ['starttls', 'tls', 'none'] as const;

type Field = NotifyKindFields['fields'][number];

interface NotifyDrawerProps {
  /** Null: a new one. */
  target: NotifyTarget | null;
  kinds: NotifyKindFields[];
  onClose: () => void;
}

/** Tell somebody more, or somewhere else. Secrets are never shown again; one left empty stays. */
export function NotifyDrawer({ target, kinds, onClose }: NotifyDrawerProps) {
  const { t, i18n } = useTranslation();
  const create = useCreateNotify();
  const update = useUpdateNotify();
  const [draft, setDraft] = useState<NotifyDraft>(() => start(target, kinds, i18n.language as Language));
  const [tried, setTried] = useState(false);
  const change = (part: Partial<NotifyDraft>) => setDraft({ ...draft, ...part });
  const fields = fieldsOf(kinds, draft.kind);
  const missing = (field: Field) => field.required && !(draft.fields[field.name] ?? '').trim() && !(target && field.secret);
  const noLabel = draft.label.trim() === '';
  const noLevel = draft.levels.length === 0;

  const send = () => {
    setTried(true);
    if (noLabel || noLevel || fields.some(missing)) return;
    // Of a secret that was not typed anew nothing is sent.
    const filled = Object.fromEntries(
      fields.filter(({ name, secret }) => !(target && secret && !draft.fields[name])).map(({ name }) => [name, (draft.fields[name] ?? '').trim()]),
    );
    const wish = { label: draft.label.trim(), fields: filled, levels: draft.levels, language: draft.language };
    if (target) update.mutate({ id: target.id, ...wish }, { onSuccess: onClose });
    else create.mutate({ ...wish, kind: draft.kind }, { onSuccess: onClose });
  };

  return (
    <Drawer
      opened
      size="lg"
      onClose={onClose}
      title={target ? t('notify.editTitle', { label: target.label }) : t('notify.add')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack gap="lg">
          {!target && (
            <NativeSelect
              label={t('notify.kind')}
              data-autofocus
              value={draft.kind}
              data={kinds.map(({ kind }) => ({ value: kind, label: t(`notify.kinds.${kind}`) }))}
              onChange={(event) => {
                const kind = event.currentTarget.value as NotifyKind;
                change({ kind, fields: defaults(kinds, kind) });
              }}
            />
          )}
          <TextInput
            label={t('notify.label')}
            description={t('notify.labelHint')}
            maxLength={100}
            value={draft.label}
            onChange={(event) => change({ label: event.currentTarget.value })}
            error={tried && noLabel ? t('notify.missing') : undefined}
          />
          {fields.map((field) => (
            <FieldInput
              key={`${draft.kind} ${field.name}`}
              kind={draft.kind}
              field={field}
              kept={target !== null && field.secret}
              value={draft.fields[field.name] ?? ''}
              error={tried && missing(field) ? t('notify.missing') : undefined}
              onChange={(value) => change({ fields: { ...draft.fields, [field.name]: value } })}
            />
          ))}
          <NativeSelect
            label={t('notify.language')}
            description={t('notify.languageHint')}
            value={draft.language}
            data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            onChange={(event) => change({ language: event.currentTarget.value as Language })}
          />
          <LevelsField value={draft.levels} error={tried && noLevel ? t('notify.levelMissing') : undefined} onChange={(levels) => change({ levels })} />
          <FormEnd submit={t(target ? 'notify.save' : 'notify.add')} pending={create.isPending || update.isPending} error={create.error ?? update.error} onCancel={onClose} />
        </Stack>
      </form>
    </Drawer>
  );
}

interface FieldInputProps {
  kind: NotifyKind;
  field: Field;
  /** There is a value that is not told. */
  kept: boolean;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function FieldInput({ kind, field: { name, secret, required }, kept, value, error, onChange }: FieldInputProps) {
  const { t } = useTranslation();
  const word = (part: 'label' | 'hint') => t(`notify.fields.${kind}.${name}.${part}` as 'notify.fields.email.host.label', { defaultValue: part === 'label' ? name : '' });
  if (name === 'allow_private') {
    return <OptionSwitch label={t('notify.private')} hint={t('notify.privateHint')} checked={value === 'yes'} onChange={(checked) => onChange(checked ? 'yes' : 'no')} />;
  }
  const common = {
    label: word('label'),
    description: word('hint') || undefined,
    required: required && !kept,
    withAsterisk: false,
    value,
    error,
    autoComplete: 'off',
    spellCheck: false,
    placeholder: kept ? t('notify.kept') : undefined,
  };
  if (name === 'security') {
    return (
      <NativeSelect
        {...common}
        data={SECURITIES.map((one) => ({ value: one, label: t(`notify.security.${one}`) }))}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (secret) {
    return (
      <PasswordInput {...common} visibilityToggleButtonProps={{ 'aria-label': t('copyField.show', { label: common.label }) }} onChange={(event) => onChange(event.currentTarget.value)} />
    );
  }
  return <TextInput {...common} autoCapitalize="off" onChange={(event) => onChange(event.currentTarget.value)} />;
}

interface LevelsFieldProps {
  value: AlertLevel[];
  error: string | undefined;
  onChange: (levels: AlertLevel[]) => void;
}

function LevelsField({ value, error, onChange }: LevelsFieldProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div role="group" aria-labelledby={id}>
      <Input.Label id={id} labelElement="div" mb={6}>
        {t('notify.levels')}
      </Input.Label>
      <Group gap="lg">
        {LEVELS.map((level) => (
          <Checkbox
            key={level}
            label={t(`levels.${level}`)}
            checked={value.includes(level)}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              onChange(LEVELS.filter((one) => (one === level ? on : value.includes(one))));
            }}
          />
        ))}
      </Group>
      {error && (
        <Input.Error mt={4} role="alert">
          {error}
        </Input.Error>
      )}
    </div>
  );
}

function fieldsOf(kinds: NotifyKindFields[], kind: NotifyKind): Field[] {
  return kinds.find((one) => one.kind === kind)?.fields ?? [];
}

function defaults(kinds: NotifyKindFields[], kind: NotifyKind): Record<string, string> {
  return Object.fromEntries(fieldsOf(kinds, kind).map((field) => [field.name, field.default]));
}

function start(target: NotifyTarget | null, kinds: NotifyKindFields[], language: Language): NotifyDraft {
  if (target) return { label: target.label, kind: target.kind, fields: target.fields, levels: target.levels, language: target.language };
  const kind = kinds[0]?.kind ?? 'webhook';
  return { label: '', kind, fields: defaults(kinds, kind), levels: ['critical', 'warning'], language };
}
