import { lazy } from 'react';
import { OnDemand } from '../components/on-demand';
import { AppearanceButton } from './appearance-button';

const OpenAppearanceMenu = lazy(() => import('./open-appearance-menu').then((module) => ({ default: module.OpenAppearanceMenu })));

/** Language and colours where there is no account menu yet. */
export function AppearanceMenu() {
  return (
    <OnDemand trigger={(open) => <AppearanceButton onClick={open} />}>
      <OpenAppearanceMenu />
    </OnDemand>
  );
}
