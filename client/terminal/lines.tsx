import { Box, Text } from 'ink';
import { type ReactElement, useContext } from 'react';
import type { Line } from '../screen/spans.ts';
import { ThemeContext } from './theme.ts';

/** Rows under each other. An empty row keeps its place. */
export function Lines({ lines }: { lines: readonly Line[] }): ReactElement {
  return (
    <Box flexDirection="column">
      {lines.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place
        <Row key={row} line={line} />
      ))}
    </Box>
  );
}

function Row({ line }: { line: Line }): ReactElement {
  const theme = useContext(ThemeContext);
  return (
    <Text wrap="truncate">
      {line.length === 0
        ? ' '
        : line.map((span, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a piece of a row is its place
            <Text key={index} {...theme[span.look]}>
              {span.text}
            </Text>
          ))}
    </Text>
  );
}
