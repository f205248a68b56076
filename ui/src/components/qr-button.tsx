import { lazy } from 'react';
import { OnDemand } from './on-demand';
import { QrTrigger, type QrCode } from './qr-trigger';

const QrPopover = lazy(() => import('./qr-popover').then((module) => ({ default: module.QrPopover })));

/** Shows `value` as a QR code while open. */
export function QrButton(props: QrCode) {
  return (
    <OnDemand trigger={(open) => <QrTrigger label={props.label} onClick={open} />}>
      <QrPopover {...props} />
    </OnDemand>
  );
}
