import { Button, type ButtonProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useCopy } from '../lib/use-copy';
import { Icon } from './icons';

/** A button that puts `value` on the clipboard and says so in its own text. */
export function CopyButton({ value, children, ...props }: ButtonProps & { value: string; children: string }) {
  const { t } = useTranslation();
  const { copy, outcome } = useCopy();
  return (
    <Button
      variant="default"
      {...props}
      leftSection={<Icon name={outcome === 'copied' ? 'check' : 'copy'} size={16} />}
      onClick={() => void copy(value)}
      aria-live="polite"
    >
      {outcome ? t(outcome === 'copied' ? 'common.copied' : 'common.copyFailed') : children}
    </Button>
  );
}
