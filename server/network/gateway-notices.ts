import { unreachable } from '../../shared/assert.ts';
import type { Notice } from '../engine/engine.ts';
import type { Pushes } from './gateway-pushes.ts';

/** Tells those whom a notice concerns. The end of a log-in is told to its sockets alone, not here. */
export function pushNotice(pushes: Pushes, notice: Exclude<Notice, { type: 'session:ended' }>): void {
  switch (notice.type) {
    case 'message:new': {
      const { accounts, message } = notice;
      pushes.toAccounts(accounts, message.position, notice.type, message, message.body.length);
      break;
    }
    case 'message:deleted':
      pushes.toAccounts(notice.accounts, notice.deletion.position, notice.type, notice.deletion, 0);
      break;
    case 'message:edited': {
      const { accounts, edit } = notice;
      pushes.toAccounts(accounts, edit.position, notice.type, edit, edit.body.length);
      break;
    }
    case 'account:deleted':
      pushes.toAll(notice.position, notice.type, { username: notice.username });
      break;
    case 'account:changed':
      pushes.toAll(notice.change.position, notice.type, notice.change);
      break;
    case 'account:blocked':
      pushes.toAccounts([notice.account], notice.block.position, notice.type, notice.block, 0);
      break;
    case 'room:changed': {
      const { accounts, change } = notice;
      pushes.toAccounts(accounts, change.position, notice.type, change, change.room.topic.length);
      break;
    }
    case 'message:reacted':
    case 'room:joined':
    case 'room:left':
    case 'room:deleted':
      pushes.toAccounts(notice.accounts, notice.change.position, notice.type, notice.change, 0);
      break;
    case 'conversation:read':
      pushes.toAccounts([notice.account], notice.mark.position, notice.type, notice.mark, 0);
      break;
    default:
      unreachable(notice);
  }
}
