import type { TFunction } from 'i18next';
import { problemText } from '../../lib/problem-text';

/** A problem with the authority in words. Its limits are not ours: they last longer than a minute. */
export function caProblem(problem: { key: string; message: string; help: string }, t: TFunction): { message: string; help: string } {
  return problemText(problem.key === 'rate_limited' ? { ...problem, key: 'ca_rate_limited' } : problem, t);
}
