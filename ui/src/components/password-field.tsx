import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** A password with a reveal button that the keyboard reaches. */
export function PasswordField(props: PasswordInputProps & { label: string }) {
  const { t } = useTranslation();
  const [visible, setVisible] = useState(false);
  return (
    <PasswordInput
      size="md"
      {...props}
      visible={visible}
      onVisibilityChange={setVisible}
      visibilityToggleButtonProps={{
        tabIndex: 0,
        'aria-label': t(visible ? 'copyField.hide' : 'copyField.show', { label: props.label }),
      }}
    />
  );
}
