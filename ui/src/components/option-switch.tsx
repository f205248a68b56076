import { Switch, Text } from '@mantine/core';
import { useId, type ReactNode } from 'react';

interface OptionSwitchProps {
  label: string;
  hint?: string | undefined;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
  /** Below, while it is on: what that means. */
  children?: ReactNode;
}

/** A switch with words under it. The hint is no part of its name, only its description. */
export function OptionSwitch({ label, hint, checked, disabled = false, onChange, children }: OptionSwitchProps) {
  const id = useId();
  return (
    <div>
      <Switch label={label} aria-describedby={hint ? id : undefined} checked={checked} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
      {hint && (
        <Text id={id} size="xs" c="dimmed" pl={50} mt={2}>
          {hint}
        </Text>
      )}
      {checked && children && <div style={{ marginTop: 8 }}>{children}</div>}
    </div>
  );
}
