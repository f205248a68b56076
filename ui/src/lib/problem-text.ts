import type { TFunction } from 'i18next';
import { ApiError } from './api-error';
import { errorText } from './error-text';

/** A problem that is part of an answer, worded as the errors of calls are. */
export function problemText(problem: { key: string; message: string; help?: string }, t: TFunction): { message: string; help: string } {
  return errorText(new ApiError({ message: problem.message, help: problem.help ?? '', key: problem.key, path: '' }), t);
}
