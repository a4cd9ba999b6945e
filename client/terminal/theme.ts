import type { TextProps } from 'ink';
import type { Look } from '../screen/spans.ts';

/** Colours that can be read on dark and on light; with NO_COLOR only weight and inversion are left. */
const COLOURED: Readonly<Record<Look, Omit<TextProps, 'children'>>> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warning: { color: 'yellow' },
  bad: { color: 'red' },
  selected: { inverse: true },
  cursor: { inverse: true },
};

const UNCOLOURED: Readonly<Record<Look, Omit<TextProps, 'children'>>> = {
  ...COLOURED,
  good: {},
  warning: { bold: true },
  bad: { bold: true },
};

/** How each look is drawn, given the environment. */
export function themeFor(environment: Readonly<Record<string, string | undefined>>): typeof COLOURED {
  return environment.NO_COLOR ? UNCOLOURED : COLOURED;
}
