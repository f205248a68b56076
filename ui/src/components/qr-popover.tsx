import { Popover, Text } from '@mantine/core';
import { QRCodeSVG } from 'qrcode.react';
import { QrTrigger, type QrCode } from './qr-trigger';

export function QrPopover({ label, value, hint }: QrCode) {
  return (
    <Popover defaultOpened hideDetached={false} position="top" withArrow shadow="md">
      <Popover.Target>
        <QrTrigger label={label} />
      </Popover.Target>
      <Popover.Dropdown maw={252}>
        {/* White around it even in the dark: phones need the contrast. */}
        <div style={{ background: '#fff', padding: 12, borderRadius: 6, lineHeight: 0 }}>
          <QRCodeSVG value={value} size={202} level="M" role="img" aria-label={label} />
        </div>
        <Text size="xs" c="dimmed" mt={8}>
          {hint}
        </Text>
      </Popover.Dropdown>
    </Popover>
  );
}
