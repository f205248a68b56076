import { lazy } from 'react';
import { OnDemand } from '../../components/on-demand';
import { AccountButton } from './account-button';

const OpenAccountMenu = lazy(() => import('./open-account-menu').then((module) => ({ default: module.OpenAccountMenu })));

export function AccountMenu({ className }: { className: string | undefined }) {
  return (
    <OnDemand trigger={(open) => <AccountButton className={className} onClick={open} />}>
      <OpenAccountMenu className={className} />
    </OnDemand>
  );
}
