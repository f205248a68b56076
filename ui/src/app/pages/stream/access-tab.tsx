import { LinkTester } from '../../../features/access/components/link-tester';
import { PassesCard } from '../../../features/access/components/passes-card';
import { RuleCard } from '../../../features/access/components/rule-card';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

/** Who may watch the stream. */
export function AccessTab() {
  const of = useStreamParams();
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        <RuleCard of={of} />
        <PassesCard of={of} />
      </div>
      <LinkTester of={of} />
    </div>
  );
}
