import { Button, type ButtonProps } from '@mantine/core';
import type { Ref } from 'react';
import { Icon } from './icons';

export interface QrCode {
  label: string;
  value: string;
  /** Under the code: what it holds and what to do with it. */
  hint: string;
}

type QrTriggerProps = ButtonProps & { label: string; onClick?: () => void; ref?: Ref<HTMLButtonElement> };

export function QrTrigger({ label, ...props }: QrTriggerProps) {
  return (
    <Button variant="default" leftSection={<Icon name="qr" size={16} />} {...props}>
      {label}
    </Button>
  );
}
