import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { StreamRef } from '../../../lib/queries';
import { useUpdateRule } from '../api/use-play-rule';
import { SHORTEST_PHRASE, type RuleDraft } from '../rule-draft';

interface PassphraseFieldsProps {
  of: StreamRef | null;
  isSet: boolean;
  /** The rule in force is its own and of this kind. */
  removable: boolean;
  draft: RuleDraft;
  faulty: boolean;
  onChange: (change: Partial<RuleDraft>) => void;
}

export function PassphraseFields({ of, isSet, removable, draft, faulty, onChange }: PassphraseFieldsProps) {
  const { t } = useTranslation();
  const [removing, setRemoving] = useState(false);
  const remove = useUpdateRule(of);
  const close = () => {
    setRemoving(false);
    remove.reset();
  };
  return (
    <>
      <PasswordInput
        label={t('access.phrase.label')}
        description={t(isSet ? 'access.phrase.set' : 'access.phrase.notSet')}
        // One for viewers is no account of this page's: a manager must not offer or keep it.
        autoComplete="off"
        data-1p-ignore
        placeholder={isSet ? '••••••••' : undefined}
        maxLength={200}
        value={draft.passphrase}
        onChange={(event) => onChange({ passphrase: event.currentTarget.value })}
        error={faulty ? t('access.phrase.short', { count: SHORTEST_PHRASE }) : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('copyField.show', { label: t('access.phrase.label') }) }}
      />
      {isSet && removable && (
        <div>
          <Button variant="default" size="xs" onClick={() => setRemoving(true)}>
            {t('access.phrase.remove')}
          </Button>
        </div>
      )}
      {removing && (
        <ConfirmModal
          title={t('access.phrase.removeTitle')}
          text={t('access.phrase.removeText')}
          confirm={t('access.phrase.removeConfirm')}
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate({ kind: 'pass', passphrase: '' }, { onSuccess: close })}
          onClose={close}
        />
      )}
    </>
  );
}
