import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import type { Output } from '../../../lib/ffmpeg-types';
import { formatClock } from '../../../lib/format';
import { useRetryOutput } from '../api/use-outputs';
import { outputProblem } from '../problem-words';
import classes from './output-card.module.css';

/** What went wrong last, what to do about it, and when it is tried again. */
export function OutputTrouble({ output, serverNow }: { output: Output; serverNow: number }) {
  const { t, i18n } = useTranslation();
  const retry = useRetryOutput();
  const { id, label, state, problem, next_try_ms, attempts } = output;
  if (state === 'off' || state === 'live') return null;
  const why = problem && outputProblem(problem, t, i18n.language);
  const again = state === 'retrying' || state === 'failed';
  if (!why && !again) return null;
  return (
    <div className={classes.trouble} data-tone={state === 'failed' ? 'error' : 'warn'}>
      {why && (
        <p>
          <strong>{why.message}</strong> {why.help} {why.said && t('outputs.retry.said', { words: why.said })}
        </p>
      )}
      {again && (
        <div className={classes.retry}>
          <span>
            {next_try_ms !== null && state === 'retrying' && `${t('outputs.retry.in', { time: formatClock(Math.ceil(Math.max(0, next_try_ms - serverNow) / 1000)) })} `}
            {attempts > 0 && t('outputs.retry.attempts', { count: attempts })}
          </span>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<Icon name="rotate" size={14} />}
            loading={retry.isPending}
            aria-label={t('outputs.retry.nowOf', { label })}
            onClick={() => retry.mutate(id)}
          >
            {t('outputs.retry.now')}
          </Button>
        </div>
      )}
      {retry.error && <HelpfulError error={retry.error} />}
    </div>
  );
}
