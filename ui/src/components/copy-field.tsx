import { Group, TextInput, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCopy } from '../lib/use-copy';
import classes from './copy-field.module.css';
import { IconButton } from './icon-button';

interface CopyFieldProps {
  label: string;
  value: string;
  /** What is shown until revealed; without it the value is no secret. */
  masked?: string | undefined;
  description?: string | undefined;
}

/** A value to take elsewhere: read-only, one click to copy, a secret is masked until revealed. */
export function CopyField({ label, value, masked, description }: CopyFieldProps) {
  const { t } = useTranslation();
  const { copy, outcome } = useCopy();
  const [revealed, setRevealed] = useState(false);
  const [first] = useState(value);
  const hidden = masked !== undefined && !revealed;

  return (
    <div>
      <TextInput
        key={value}
        label={label}
        description={description}
        value={hidden ? masked : value}
        readOnly
        spellCheck={false}
        onFocus={(event) => event.currentTarget.select()}
        classNames={{ input: value === first ? classes.input : `${classes.input} ${classes.changed}` }}
        rightSectionWidth={masked === undefined ? 38 : 72}
        rightSection={
          <Group gap={2} wrap="nowrap">
            {masked !== undefined && (
              <IconButton
                name={t(revealed ? 'copyField.hide' : 'copyField.show', { label })}
                icon={revealed ? 'eyeOff' : 'eye'}
                onClick={() => setRevealed(!revealed)}
              />
            )}
            <IconButton
              name={t('copyField.copy', { label })}
              icon={outcome === 'copied' ? 'check' : 'copy'}
              className={outcome === 'copied' ? classes.done : undefined}
              onClick={() => void copy(value)}
            />
          </Group>
        }
      />
      <VisuallyHidden role="status">{outcome && t(`copyField.${outcome}`, { label })}</VisuallyHidden>
    </div>
  );
}
