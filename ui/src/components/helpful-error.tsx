import { Button, Code } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../lib/api-error';
import { errorText } from '../lib/error-text';
import { useNow } from '../lib/use-now';
import { CopyButton } from './copy-button';
import { Notice } from './notice';

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
    <Notice tone="error" role="alert" title={message}>
      {help && <p>{help}</p>}
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
        <Button mt={10} size="compact-md" variant="default" onClick={onRetry}>
          {t('common.retry')}
        </Button>
      )}
    </Notice>
  );
}
