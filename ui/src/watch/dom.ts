type Child = Node | string;

/** Make an element: `el('button', { class: 'x' }, 'Text')`. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const ICONS = {
  sound: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4H4ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
  muted: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4H4ZM16 9.5l5 5M21 9.5l-5 5',
  expand: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  share: 'M12 15V3.5M8 7l4-3.5L16 7M7 11H6a2 2 0 0 0-2 2v5.5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V13a2 2 0 0 0-2-2h-1',
  lock: 'M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V12a1.5 1.5 0 0 1 1.5-1.5ZM8 10.5V8a4 4 0 0 1 8 0v2.5',
  play: 'M8 5.5v13l11-6.5-11-6.5Z',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  download: 'M12 4v11M8 11.5l4 4 4-4M5 19.5h14',
  delay: 'M12 7v5l3.5 2M12 3.3a8.7 8.7 0 1 0 0 17.4 8.7 8.7 0 0 0 0-17.4Z',
};

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon whose name and icon can change. */
export function iconButton(name: string, iconName: IconName, onClick: () => void) {
  const button = el('button', { type: 'button', class: 'icon' });
  const show = (nextName: string, nextIcon: IconName) => {
    button.setAttribute('aria-label', nextName);
    button.title = nextName;
    button.replaceChildren(icon(nextIcon));
  };
  show(name, iconName);
  button.addEventListener('click', onClick);
  return { button, show };
}

/** `panel` opens and closes with `button`; Escape and a click elsewhere close it. */
export function disclose(button: HTMLButtonElement, panel: HTMLElement): void {
  const set = (open: boolean) => {
    panel.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  };
  set(false);
  button.addEventListener('click', () => set(Boolean(panel.hidden)));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || panel.hidden) return;
    set(false);
    button.focus();
  });
  document.addEventListener('click', (event) => {
    const target = event.target as Node;
    if (!panel.contains(target) && !button.contains(target)) set(false);
  });
}
