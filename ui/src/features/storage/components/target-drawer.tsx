import { Drawer } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { StoragePreset, StorageTarget } from '../../../lib/recording-types';
import { useCreateTarget, useUpdateTarget } from '../api/use-storage';
import { TargetForm } from './target-form';

interface TargetDrawerProps {
  /** Null: a new one. */
  target: StorageTarget | null;
  presets: StoragePreset[];
  onClose: () => void;
}

/** Make a target or change one. */
export function TargetDrawer({ target, presets, onClose }: TargetDrawerProps) {
  const { t } = useTranslation();
  const create = useCreateTarget();
  const update = useUpdateTarget();
  return (
    <Drawer
      opened
      size="lg"
      onClose={onClose}
      title={target ? t('storage.form.edit', { label: target.label }) : t('storage.add')}
      // What was typed must not go with a stray click.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <TargetForm
        target={target}
        presets={presets}
        submit={t(target ? 'storage.form.save' : 'storage.add')}
        pending={create.isPending || update.isPending}
        error={create.error ?? update.error}
        onSubmit={(draft) => (target ? update.mutate({ id: target.id, ...draft }, { onSuccess: onClose }) : create.mutate(draft, { onSuccess: onClose }))}
        onCancel={onClose}
      />
    </Drawer>
  );
}
