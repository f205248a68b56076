import { Button, Code, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Trans, useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { asApiError } from '../../../lib/api-error';
import { useInit } from '../api/use-account';
import { isComplete, NewPasswordFields, type NewPassword } from './new-password-fields';

interface FirstPasswordFormProps {
  codeRequired: boolean;
  /** From the address; empty when it had none. */
  code: string;
  onDone: () => void;
}

/** The first step of a new installation: prove who you are with the setup code, choose a password. */
export function FirstPasswordForm({ codeRequired, code, onDone }: FirstPasswordFormProps) {
  const { t } = useTranslation();
  const init = useInit();
  const [typedCode, setTypedCode] = useState('');
  const [value, setValue] = useState<NewPassword>({ password: '', again: '' });
  const [tried, setTried] = useState(false);

  const codeRefused = init.error !== null && asApiError(init.error).key === 'setup_code_wrong';
  const [askCode, setAskCode] = useState(codeRequired && code === '');
  if (codeRefused && !askCode) setAskCode(true);
  const setupCode = askCode ? typedCode.trim() : code;

  const submit = () => {
    setTried(true);
    if (!isComplete(value) || (askCode && setupCode === '')) return;
    init.mutate({ password: value.password, ...(codeRequired ? { setup_code: setupCode } : {}) }, { onSuccess: onDone });
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        {askCode && (
          <TextInput
            size="md"
            label={t('setup.code')}
            description={<Trans i18nKey="setup.codeWhere" components={{ code: <Code /> }} />}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            value={typedCode}
            onChange={(event) => setTypedCode(event.currentTarget.value)}
            error={tried && setupCode === '' ? t('setup.codeMissing') : undefined}
          />
        )}
        <NewPasswordFields label={t('password.label')} value={value} onChange={setValue} complain={tried} autoFocus={!askCode} />
        {init.error !== null && <HelpfulError error={init.error} plain />}
        <Button type="submit" size="md" loading={init.isPending}>
          {t('setup.setPassword')}
        </Button>
      </Stack>
    </form>
  );
}
