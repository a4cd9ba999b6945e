import type { Chat } from '../chat-types.ts';
import { draftOf } from '../screen/conversations.ts';
import { messagesAbove, newestPosition } from '../screen/message-log.ts';
import type { ScreenState } from '../screen/model.ts';
import { safeLine } from '../screen/safe-lines.ts';
import { SECRET_FIELDS } from '../screen/secret-panel.ts';
import { serversUp } from '../screen/words.ts';
import { changeWords, messageWords, openedWords, panelWords, stateWords } from './plain-words.ts';
import type { ScreenStore } from './screen-store.ts';

export interface PlainChatOptions {
  chat: Chat;
  store: ScreenStore;
  /** Gets what is to be read out: one line, nothing in it that a terminal would obey. */
  write: (line: string) => void;
}

/**
 * The chat line by line, for screen readers and terminals that can do nothing else: what happens is written under what
 * was there, and what is typed is read when Enter ends it. All commands are those of the screen.
 */
export class PlainChat {
  readonly #options: PlainChatOptions;
  /** Up to where each conversation was read out. */
  readonly #readOut = new Map<string, number>();
  readonly #stops: (() => void)[] = [];
  #last: ScreenState | undefined;
  #prompt = '';
  #isTaking = false;
  readonly #lines: string[] = [];

  constructor(options: PlainChatOptions) {
    this.#options = options;
    const { chat, store } = options;
    const onState = (): void => {
      this.#onState(store.state);
      this.#takeLines();
    };
    this.#stops.push(store.subscribe(onState));
    this.#stops.push(chat.onEvent((event) => this.#say(changeWords(store.state, event))));
    this.#onState(store.state);
  }

  /** What is typed next is a password: it is not to be shown. */
  get isSecret(): boolean {
    const { username, form, panel } = this.#options.store.state;
    return username === '' ? form.focus === 'password' : panel?.kind === 'secret';
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Takes a line that was typed; one that comes while another is on its way into the outbox waits for that. */
  line(text: string): void {
    this.#lines.push(text);
    this.#takeLines();
  }

  #takeLines(): void {
    // Each key that is dispatched tells of a new state, and would begin with the lines anew.
    if (this.#isTaking) return;
    this.#isTaking = true;
    while (this.#lines.length > 0 && !this.#isHandingOver()) {
      this.#clearComposer();
      this.#takeLine(this.#lines.shift()!);
    }
    this.#isTaking = false;
  }

  #isHandingOver(): boolean {
    const { username, open, handedOver } = this.#options.store.state;
    return username !== '' && handedOver.some((one) => one.typedIn === open);
  }

  /** What was refused stands in a composer that nobody sees. */
  #clearComposer(): void {
    const { store } = this.#options;
    if (store.state.username === '' || store.state.panel) return;
    const { text } = draftOf(store.state);
    if (text === '') return;
    this.#say(`Not sent: ${safeLine(text)}`);
    for (let left = text.split('\n').length * 2; left > 0 && draftOf(store.state).text !== ''; left--) {
      this.#key('end');
      this.#key('ctrl+u');
      this.#key('backspace');
    }
  }

  #takeLine(text: string): void {
    const { state } = this.#options.store;
    if (state.username === '') {
      this.#onFormLine(text);
      return;
    }
    if (state.panel?.kind === 'confirm' || state.selection?.asking === 'delete') {
      this.#key(/^y(es)?$/i.test(text.trim()) ? 'enter' : 'escape');
      this.#key('escape');
      return;
    }
    this.#type(text);
    this.#key('enter');
    const { panel } = this.#options.store.state;
    if (panel?.kind === 'help' || panel?.kind === 'cluster') this.#showPanel();
  }

  #onFormLine(text: string): void {
    const { form } = this.#options.store.state;
    const command = text.trim();
    if (command === '/create-account' || command === '/log-in') {
      this.#key(form.focus === 'username' ? 'up' : 'down');
      if (`/${form.mode}` !== command) this.#key('right');
      this.#key('enter');
      this.#key('ctrl+u');
      return;
    }
    this.#key('ctrl+u');
    this.#type(text);
    this.#key('enter');
  }

  #type(text: string): void {
    if (text !== '') this.#options.store.dispatch({ type: 'key', key: { type: 'text', text } });
  }

  #key(name: string): void {
    this.#options.store.dispatch({ type: 'key', key: { type: 'named', name } });
  }

  #say(...lines: readonly (string | undefined)[]): void {
    for (const line of lines) if (line !== undefined && line !== '') this.#options.write(line);
  }

  #showPanel(): void {
    this.#say(...panelWords(this.#options.store.state));
    this.#key('escape');
  }

  #onState(state: ScreenState): void {
    const last = this.#last;
    this.#last = state;
    const { phase } = state.connection;
    if (last?.connection.phase !== phase && phase !== 'closed') this.#say(stateWords(state));
    if (state.notice && state.notice !== last?.notice) this.#say(safeLine(state.notice.text));
    if (state.username !== '' && state.username !== last?.username)
      this.#say(`Logged in as ${safeLine(state.username)}.`);
    if (state.username !== '') this.#onChatState(state, last);
    this.#ask(state);
  }

  #onChatState(state: ScreenState, last: ScreenState | undefined): void {
    if (state.open !== last?.open || last.username === '') this.#say(...openedWords(state));
    for (const conversation of state.conversations.values()) {
      const since = this.#readOut.get(conversation.key) ?? 0;
      const newest = newestPosition(conversation.log);
      if (newest <= since) continue;
      this.#readOut.set(conversation.key, newest);
      // What was opened just now is read out with it.
      if (conversation.key === state.open && state.open !== last?.open) continue;
      const fresh = messagesAbove(conversation.log, since).filter((one) => one.fresh);
      this.#say(...fresh.flatMap((one) => messageWords(state, conversation, one)));
    }
    if (last && last.outbox.length > 0 && state.outbox.length === 0 && state.connection.phase === 'connected') {
      this.#say(`Sent; safe on ${serversUp(state.connection.cluster)} servers.`);
    }
    const { panel } = state;
    const isThere = panel?.kind === 'choices' || (panel?.kind === 'search' && panel.number > 0);
    if (isThere && !panel.loading) this.#showPanel();
  }

  /** Says what is to be typed next, when that has changed. */
  #ask(state: ScreenState): void {
    const prompt = promptFor(state);
    if (prompt !== this.#prompt) this.#say(prompt);
    this.#prompt = prompt;
  }
}

function promptFor(state: ScreenState): string {
  const { form, panel, selection } = state;
  if (state.username === '') {
    if (form.busy) return 'One moment …';
    const what = form.mode === 'log-in' ? 'Log in' : 'Create an account';
    const other = form.mode === 'log-in' ? '/create-account' : '/log-in';
    const said = form.message === '' ? '' : `${safeLine(form.message)} `;
    return `${said}${what}. Type your ${form.focus === 'password' ? 'password' : 'username'} and press Enter, or ${other}.`;
  }
  if (panel?.kind === 'secret') {
    const said = panel.message === '' ? '' : `${safeLine(panel.message)} `;
    return panel.busy ? 'One moment …' : `${said}${SECRET_FIELDS[panel.purpose][panel.focus]}, not shown:`;
  }
  if (panel?.kind === 'confirm') return `${safeLine(panel.question)} Type yes to do it.`;
  return selection?.asking === 'delete' ? 'Delete your newest message here? Type yes to do it.' : '';
}
