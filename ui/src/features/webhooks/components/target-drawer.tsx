import { Drawer } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { HookTarget } from '../../../lib/api-types';
import { useCreateTarget, useUpdateTarget, type TargetDraft } from '../api/use-webhooks';
import { SecretView } from './secret-view';
import { TargetForm } from './target-form';

const NEW: TargetDraft = {
  label: '',
  url: '',
  types: ['stream.published', 'stream.unpublished'],
  allow_private: false,
  blocking: false,
  fallback: 'refuse',
};

interface TargetDrawerProps {
  /** Null: a new one. */
  target: HookTarget | null;
  types: string[];
  onClose: () => void;
}

/** Make a target or change one; a new one ends with its secret. */
export function TargetDrawer({ target, types, onClose }: TargetDrawerProps) {
  const { t } = useTranslation();
  const create = useCreateTarget();
  const update = useUpdateTarget();
  const [start] = useState(() => (target ? draftOf(target) : { ...NEW, types: NEW.types.filter((type) => types.includes(type)) }));
  const made = create.data;
  const title = made
    ? t('webhooks.secret.title', { label: made.target.label })
    : target
      ? t('webhooks.form.edit', { label: target.label })
      : t('webhooks.form.create');
  return (
    <Drawer
      opened
      size="lg"
      onClose={onClose}
      title={title}
      // A secret that is shown once must not go with a stray click.
      closeOnClickOutside={!made}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {made ? (
        <SecretView secret={made.secret} onDone={onClose} />
      ) : (
        <TargetForm
          start={start}
          types={types}
          submit={t(target ? 'webhooks.form.save' : 'webhooks.add')}
          pending={create.isPending || update.isPending}
          error={create.error ?? update.error}
          onSubmit={(draft) => (target ? update.mutate({ id: target.id, ...draft }, { onSuccess: onClose }) : create.mutate(draft))}
          onCancel={onClose}
        />
      )}
    </Drawer>
  );
}

function draftOf({ label, url, types, allow_private, blocking, fallback }: HookTarget): TargetDraft {
  return { label, url, types, allow_private, blocking, fallback };
}
