import type { OperationKind } from './operations.ts';
import { askAsAccount, type Hands, pick, WRONG_PASSWORD } from './user-hands.ts';

/** What a user does with the account that is logged in. */
export function changeAccount(hands: Hands, kind: OperationKind, choice: number): void {
  const { chat, account, accounts, passwords, name, nextCall } = hands;
  const [password] = passwords.of(account);
  const username = pick(accounts, choice);
  switch (kind) {
    case 'profile': {
      const call = nextCall();
      const displayName = choice < 0.2 ? '' : `${name} ${call}`;
      askAsAccount(hands, 'account:profile', { displayName }, () => chat.setDisplayName(displayName), call);
      break;
    }
    case 'block':
      if (username !== chat.username) askAsAccount(hands, 'account:block', { username }, () => chat.block(username));
      break;
    case 'unblock':
      if (username !== chat.username)
        askAsAccount(hands, 'account:unblock', { username }, () => chat.unblock(username));
      break;
    case 'logOut':
      askAsAccount(hands, 'session:close', {}, () => chat.logOut());
      break;
    case 'logOutEverywhere':
      askAsAccount(hands, 'session:close-all', {}, () => chat.logOutEverywhere());
      break;
    case 'changePassword':
      changePassword(hands, choice < 0.15 ? WRONG_PASSWORD : password!);
      break;
    case 'deleteAccount':
      askAsAccount(hands, 'account:delete', { password }, () => chat.deleteAccount(password!));
      break;
    default:
  }
}

function changePassword(hands: Hands, password: string): void {
  const { chat, account, passwords, name, nextCall, ask } = hands;
  const call = nextCall();
  const newPassword = `password of ${name} ${call}`;
  passwords.mayBe(account, newPassword);
  const asked = { account: chat.username, password, newPassword };
  void ask('account:password', asked, () => chat.changePassword(password, newPassword), call).then((result) => {
    if (result?.ok) passwords.is(account, newPassword);
  });
}

/** Tries a wrong password. */
export function enterWrongly(hands: Hands): void {
  const { chat, account, ask } = hands;
  const asked = { username: account, password: WRONG_PASSWORD };
  void ask('session:open', asked, () => chat.logIn(account, WRONG_PASSWORD));
}
