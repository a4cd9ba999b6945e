import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { ScreenState } from '../screen/model.ts';
import { type Line, span } from '../screen/spans.ts';
import { chatView } from '../screen/view-chat.ts';
import { Lines } from './lines.tsx';

const DIVIDER: Line = [span(' │ ', 'dim')];

/** Conversations at the left, messages at the right, the composer and the state of the connection below. */
export function ChatScreen({ state }: { state: ScreenState }): ReactElement {
  const view = chatView(state);
  const { columns, listWidth, hasHeaderRule } = view.layout;
  const headerRule: Line[] = hasHeaderRule ? [headerRuleLine(columns - 1, listWidth)] : [];
  return (
    <Box flexDirection="column">
      <Lines lines={[view.header, ...headerRule]} />
      <Box flexDirection="row">
        {listWidth > 0 && (
          <>
            <Box width={listWidth} flexShrink={0}>
              <Lines lines={view.list} />
            </Box>
            <Box width={3} flexShrink={0}>
              <Lines lines={view.body.map(() => DIVIDER)} />
            </Box>
          </>
        )}
        <Box paddingLeft={listWidth > 0 ? 0 : 1}>
          <Lines lines={view.body} />
        </Box>
      </Box>
      <Lines lines={[view.rule, ...view.composer, ...view.banner, view.status]} />
    </Box>
  );
}

function headerRuleLine(width: number, listWidth: number): Line {
  const rule = [...'─'.repeat(width)];
  if (listWidth > 0) rule[listWidth + 1] = '┼';
  return [span(rule.join(''), 'dim')];
}
