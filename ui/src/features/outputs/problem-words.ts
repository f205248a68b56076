import type { TFunction } from 'i18next';
import type { Problem } from '../../lib/ffmpeg-types';
import { problemText } from '../../lib/problem-text';

/**
 * What is wrong with an output, in words. The server's own name hosts and quote the far end, so they are worth more
 * where they are in the reader's language; elsewhere the page has general ones, with what the far end said behind.
 */
export function outputProblem(problem: Problem, t: TFunction, language: string): { message: string; help: string; said: string } {
  if (language === 'en' && problem.message) return { message: problem.message, help: problem.help, said: '' };
  const { message, help } = problemText(problem, t);
  return { message, help, said: message === problem.message ? '' : (/“(.+)”/s.exec(problem.message)?.[1] ?? '') };
}
