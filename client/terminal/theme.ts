import type { TextProps } from 'ink';
import { createContext } from 'react';
import type { Look } from '../screen/spans.ts';

export const THEME_NAMES = ['auto', 'dark', 'light', 'sixteen', 'none'] as const;
export type ThemeName = (typeof THEME_NAMES)[number];
/** How each look is drawn. */
export type Theme = Readonly<Record<Look, Omit<TextProps, 'children'>>>;

/** Colours of the terminal's own palette, which can be read on dark and on light. */
const SIXTEEN: Theme = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warning: { color: 'yellow' },
  bad: { color: 'red' },
  accent: { color: 'cyan' },
  mention: { bold: true, color: 'magenta' },
  selected: { inverse: true },
  cursor: { inverse: true },
  name1: { bold: true, color: 'blue' },
  name2: { bold: true, color: 'green' },
  name3: { bold: true, color: 'cyan' },
  name4: { bold: true, color: 'magenta' },
  name5: { bold: true, color: 'yellow' },
  name6: { bold: true, color: 'red' },
};

const DARK: Theme = {
  ...SIXTEEN,
  dim: { color: '#8a8f98' },
  good: { color: '#7fd88f' },
  warning: { color: '#f5c46b' },
  bad: { color: '#ff7b72' },
  accent: { color: '#6cc7e6' },
  mention: { bold: true, color: '#ff9ecb' },
  name1: { bold: true, color: '#82aaff' },
  name2: { bold: true, color: '#8fdc97' },
  name3: { bold: true, color: '#6cd2d8' },
  name4: { bold: true, color: '#d6a2ff' },
  name5: { bold: true, color: '#f0c674' },
  name6: { bold: true, color: '#ff9a8b' },
};

const LIGHT: Theme = {
  ...SIXTEEN,
  dim: { color: '#63686f' },
  good: { color: '#176f2c' },
  warning: { color: '#8a5300' },
  bad: { color: '#b3261e' },
  accent: { color: '#00607a' },
  mention: { bold: true, color: '#a3155f' },
  name1: { bold: true, color: '#1d4ed8' },
  name2: { bold: true, color: '#176f2c' },
  name3: { bold: true, color: '#00656b' },
  name4: { bold: true, color: '#7a28b8' },
  name5: { bold: true, color: '#855400' },
  name6: { bold: true, color: '#b03024' },
};

/** Only weight and inversion. */
const NONE: Theme = {
  ...SIXTEEN,
  good: {},
  warning: { bold: true },
  bad: { bold: true },
  accent: {},
  mention: { bold: true, underline: true },
  name1: { bold: true },
  name2: { bold: true },
  name3: { bold: true },
  name4: { bold: true },
  name5: { bold: true },
  name6: { bold: true },
};

const BY_NAME: Readonly<Record<Exclude<ThemeName, 'auto'>, Theme>> = {
  dark: DARK,
  light: LIGHT,
  sixteen: SIXTEEN,
  none: NONE,
};

/**
 * The theme by name, given the environment. `NO_COLOR` says none whatever was chosen; `auto` takes the terminal's own
 * palette, whose colours suit its background.
 */
export function themeFor(environment: Readonly<Record<string, string | undefined>>, name: ThemeName = 'auto'): Theme {
  if (environment.NO_COLOR) return NONE;
  return name === 'auto' ? SIXTEEN : BY_NAME[name];
}

/** The theme that everything is drawn with. */
export const ThemeContext = createContext<Theme>(SIXTEEN);
