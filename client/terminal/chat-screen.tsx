import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { ScreenState } from '../screen/model.ts';
import { type Line, span } from '../screen/spans.ts';
import { chatView } from '../screen/view-chat.ts';
import { Lines } from './lines.tsx';

const DIVIDER: Line = [span(' │ ', 'dim')];
const MEMBER_DIVIDER: Line = [span('│', 'dim')];

/** Conversations at the left, messages in the middle, members of a room at the right; the composer and the state of the connection below. */
export function ChatScreen({ state }: { state: ScreenState }): ReactElement {
  const view = chatView(state);
  const { columns, listWidth, paneWidth, memberWidth, hasHeaderRule } = view.layout;
  const memberAt = memberWidth > 0 ? listWidth + 3 + paneWidth : -1;
  const headerRule: Line[] = hasHeaderRule ? [headerRuleLine(columns - 1, listWidth, memberAt)] : [];
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
        <Box paddingLeft={listWidth > 0 ? 0 : 1} {...(memberWidth > 0 ? { width: paneWidth, flexShrink: 0 } : {})}>
          <Lines lines={view.body} />
        </Box>
        {memberWidth > 0 && (
          <>
            <Box width={1} flexShrink={0}>
              <Lines lines={view.body.map(() => MEMBER_DIVIDER)} />
            </Box>
            <Box width={memberWidth} flexShrink={0}>
              <Lines lines={view.members} />
            </Box>
          </>
        )}
      </Box>
      <Lines lines={[view.rule, ...view.composer, ...view.banner, view.status]} />
    </Box>
  );
}

function headerRuleLine(width: number, listWidth: number, memberAt: number): Line {
  const rule = [...'─'.repeat(width)];
  if (listWidth > 0) rule[listWidth + 1] = '┼';
  if (memberAt > 0) rule[memberAt] = '┼';
  return [span(rule.join(''), 'dim')];
}
