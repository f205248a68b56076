import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import type { StreamRef } from '../../../lib/queries';
import { usePlayTest } from '../api/use-play-test';
import classes from './link-tester.module.css';
import { TestResult } from './test-result';

/** Says whether a link would be let in, and why, without letting anybody in. */
export function LinkTester({ of }: { of: StreamRef }) {
  const { t } = useTranslation();
  const test = usePlayTest(of);
  const [typed, setTyped] = useState('');
  return (
    <Card title={t('tester.title')}>
      <Stack>
        <p className={classes.text}>{t('tester.text')}</p>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            test.mutate(typed);
          }}
        >
          <TextInput
            className={classes.field}
            label={t('tester.field')}
            description={t('tester.fieldHint')}
            placeholder="https://…?pass=…"
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={test.isPending}>
            {t('tester.submit')}
          </Button>
        </form>
        {test.error && <HelpfulError error={test.error} />}
        {test.data && <TestResult result={test.data} url={`${of.app}/${of.stream}`} />}
      </Stack>
    </Card>
  );
}
