import { Stack, VisuallyHidden } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { ApiError } from '../../../lib/api-error';
import type { PlayTest } from '../../../lib/api-types';
import { errorText } from '../../../lib/error-text';
import classes from './link-tester.module.css';

type Step = PlayTest['steps'][number];

interface TestResultProps {
  result: PlayTest;
  /** The stream of this page: a pasted link may lead to another. */
  url: string;
}

export function TestResult({ result, url }: TestResultProps) {
  const { t } = useTranslation();
  const why = errorText(new ApiError({ message: result.message, help: result.help, key: result.key, path: '' }), t);
  return (
    <Stack gap="sm">
      <Notice tone={result.allowed ? 'ok' : 'error'} role="status" title={t(result.allowed ? 'tester.allowed' : 'tester.refused')}>
        {!result.allowed && (
          <p>
            {why.message} {why.help}
          </p>
        )}
      </Notice>
      {result.url !== null && result.url !== url && <Notice tone="warn">{t('tester.otherStream', { url: result.url })}</Notice>}
      <ol className={classes.steps} aria-label={t('tester.steps')}>
        {result.steps.map((step) => (
          <StepLine key={step.name} step={step} detail={detailOf(step, result, t)} />
        ))}
      </ol>
    </Stack>
  );
}

function StepLine({ step: { name, ok }, detail }: { step: Step; detail: string }) {
  const { t } = useTranslation();
  // Whether it is live decides nothing.
  if (name === 'live' && !ok) return <Line icon="info" tone="none" text={t('tester.notLive')} />;
  const text = t(`tester.step.${name}` as 'tester.step.link', { defaultValue: name });
  return <Line icon={ok ? 'check' : 'error'} tone={ok ? 'ok' : 'bad'} spoken={t(ok ? 'tester.stepOk' : 'tester.stepFailed')} text={text} detail={detail} />;
}

function Line({ icon, tone, spoken, text, detail }: { icon: IconName; tone: string; spoken?: string; text: string; detail?: string }) {
  return (
    <li>
      <span className={classes.mark} data-tone={tone}>
        <Icon name={icon} size={16} />
      </span>
      <span>
        {spoken && <VisuallyHidden>{spoken}: </VisuallyHidden>}
        {text}
        {detail && <span className={classes.detail}> · {detail}</span>}
      </span>
    </li>
  );
}

/** What a step found, where that says more than its name; the API's own words are English only. */
function detailOf({ name, ok }: Step, { url, kind }: PlayTest, t: TFunction): string {
  if (!ok) return '';
  if (name === 'stream') return url ?? '';
  return name === 'rule' && kind ? t(`access.${kind}`) : '';
}
