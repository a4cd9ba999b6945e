/** What may be bound to a key; what each does is told in the help. */
export const ACTIONS = [
  'send',
  'new-line',
  'complete',
  'complete-back',
  'up',
  'down',
  'page-up',
  'page-down',
  'bottom',
  'next-conversation',
  'previous-conversation',
  'next-unread',
  'first-unread',
  'jump',
  'find',
  'select',
  'send-again',
  'help',
  'cluster',
  'escape',
] as const;

export type Action = (typeof ACTIONS)[number];

/** Keys by name and what they do; `none` takes a key's meaning away. */
export type Bindings = Readonly<Record<string, Action | 'none'>>;

export const DEFAULT_BINDINGS: Bindings = {
  enter: 'send',
  'alt+enter': 'new-line',
  'ctrl+j': 'new-line',
  tab: 'complete',
  'shift+tab': 'complete-back',
  up: 'up',
  down: 'down',
  'page-up': 'page-up',
  'page-down': 'page-down',
  'ctrl+end': 'bottom',
  'alt+down': 'next-conversation',
  'ctrl+n': 'next-conversation',
  'alt+up': 'previous-conversation',
  'ctrl+p': 'previous-conversation',
  'alt+a': 'next-unread',
  'alt+u': 'first-unread',
  'ctrl+k': 'jump',
  'ctrl+f': 'find',
  'ctrl+up': 'select',
  'shift+up': 'select',
  'alt+r': 'send-again',
  f1: 'help',
  f2: 'cluster',
  escape: 'escape',
};

/** When somebody is called by the terminal's bell. */
export interface NotifyRules {
  readonly direct: boolean;
  readonly mentions: boolean;
  /** Every message in rooms. */
  readonly rooms: boolean;
}

/** What people may choose about the screen. */
export interface ScreenSettings {
  readonly notify: NotifyRules;
  /** Names of conversations that never ring. */
  readonly muted: readonly string[];
  readonly bindings: Bindings;
}

export const DEFAULT_SCREEN_SETTINGS: ScreenSettings = {
  notify: { direct: true, mentions: true, rooms: false },
  muted: [],
  bindings: DEFAULT_BINDINGS,
};
