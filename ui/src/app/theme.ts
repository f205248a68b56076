import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type MantineColorsTuple, type VariantColorsResolver } from '@mantine/core';

const accent: MantineColorsTuple = [
  '#f0fdfa', '#ccfbf1', '#99f6e4', '#5eead4', '#2dd4bf', '#14b8a6', '#0d9488', '#0f766e', '#115e59', '#134e4a',
];
// Mantine reads: 0 text, 2 dimmed, 3 placeholder, 4 borders, 5 hover, 6 fields and menus, 7 page.
const dark: MantineColorsTuple = [
  '#dbe1ea', '#b7c0ce', '#93a0b4', '#76839a', '#2a3240', '#212835', '#181e28', '#0e1218', '#0a0d12', '#06080b',
];
const gray: MantineColorsTuple = [
  '#f6f8fa', '#eef1f5', '#e3e8ee', '#d3dae3', '#bcc6d2', '#8d99aa', '#5a6678', '#434d5d', '#2b3442', '#19202b',
];

const DIALOG_TITLE = { fontSize: 16, fontWeight: 600 };

/** The library's own looks at the accent of the light scheme alone; that of the dark one needs dark words on it. */
const variantColors: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const accent = input.variant === 'filled' && (input.color ?? input.theme.primaryColor) === input.theme.primaryColor;
  return accent ? { ...colors, color: 'var(--mantine-primary-color-contrast)' } : colors;
};

export const theme = createTheme({
  colors: { accent, dark, gray },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  variantColorResolver: variantColors,
  defaultRadius: 8,
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: { fontWeight: '600' },
  components: {
    // Named, as only then its words take the colour that is right on the accent.
    Chip: { defaultProps: { variant: 'filled' } },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 120 } }, styles: { title: DIALOG_TITLE } },
    Drawer: { defaultProps: { position: 'right', transitionProps: { duration: 150 } }, styles: { title: DIALOG_TITLE } },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-body': '#ffffff', '--mantine-color-text': '#19202b', '--mantine-color-dimmed': '#566274' },
  dark: { '--mantine-color-body': '#151a23', '--mantine-color-dimmed': '#93a0b4' },
});
