import { Button, Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from './helpful-error';

interface FormEndProps {
  submit: string;
  pending: boolean;
  error: unknown;
  onCancel: () => void;
}

/** The last lines of a form: what went wrong, cancel, send. */
export function FormEnd({ submit, pending, error, onCancel }: FormEndProps) {
  const { t } = useTranslation();
  return (
    <>
      {error != null && <HelpfulError error={error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={pending}>
          {submit}
        </Button>
      </Group>
    </>
  );
}
