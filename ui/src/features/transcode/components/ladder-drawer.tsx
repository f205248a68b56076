import { Drawer } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Machine, Transcode } from '../../../lib/ffmpeg-types';
import { useCreateTranscode, useUpdateTranscode } from '../api/use-transcode';
import { LadderForm } from './ladder-form';

interface LadderDrawerProps {
  /** Null: a new one. */
  ladder: Transcode | null;
  machine: Machine;
  onClose: () => void;
}

/** Make a ladder or change one. */
export function LadderDrawer({ ladder, machine, onClose }: LadderDrawerProps) {
  const { t } = useTranslation();
  const create = useCreateTranscode();
  const update = useUpdateTranscode();
  return (
    <Drawer
      opened
      size="xl"
      onClose={onClose}
      title={ladder ? t('transcode.form.edit', { label: ladder.label || `${ladder.app}/${ladder.stream}` }) : t('transcode.add')}
      // What was typed must not go with a stray click.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <LadderForm
        ladder={ladder}
        machine={machine}
        pending={create.isPending || update.isPending}
        error={create.error ?? update.error}
        onSubmit={(fields) => {
          // Whether it runs is no part of the form: it may have been stopped meanwhile.
          const { enabled: _enabled, ...rest } = fields;
          if (ladder) update.mutate({ id: ladder.id, ...rest }, { onSuccess: onClose });
          else create.mutate(fields, { onSuccess: onClose });
        }}
        onCancel={onClose}
      />
    </Drawer>
  );
}
