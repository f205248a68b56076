import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../lib/api-error';
import { errorText } from '../lib/error-text';
import { useNow } from '../lib/use-now';
import { CopyButton } from './copy-button';
import { Icon } from './icons';

interface HelpfulErrorProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
  /** Leave out the folded technical part where the reason is complete, as for a wrong password. */
  plain?: boolean;
}

/** What went wrong, what to do, and folded: what a supporter would ask for. */
export function HelpfulError({ error, onRetry, plain = false }: HelpfulErrorProps) {
  const { t } = useTranslation();
  const now = useNow();
  const fault = asApiError(error);
  const { message, help } = errorText(fault, t, now);
  const details = [fault.key, fault.status && `HTTP ${fault.status}`, fault.code && `code ${fault.code}`, fault.path, fault.message, fault.help]
    .filter(Boolean)
    .join('\n');

  return (
    <Alert role="alert" color="red" variant="light" icon={<Icon name="error" />} title={message}>
      {help && <Text size="sm">{help}</Text>}
      {!plain && (
        <details style={{ marginTop: 8 }}>
          <summary>{t('common.details')}</summary>
          <Code block my={8}>
            {details}
          </Code>
          <CopyButton size="compact-sm" value={details}>
            {t('common.copyDetails')}
          </CopyButton>
        </details>
      )}
      {onRetry && (
        <Group mt="sm">
          <Button size="compact-md" variant="light" color="red" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
