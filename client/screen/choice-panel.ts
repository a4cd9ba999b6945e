import type { AccountListing, Room } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import { conversationNamed, ensureConversation, openConversation } from './conversations.ts';
import type { AnswerTo, Effect } from './effects.ts';
import { type Key, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { movedByKey } from './panel-movement.ts';
import type { Choice, ChoicePanel } from './panels.ts';
import { count } from './words.ts';

/** Lists accounts, rooms or members of a room, as the servers tell them. */
export function openChoices(state: ScreenState, what: ChoicePanel['what'], of: string): Step {
  const panel: ChoicePanel = { kind: 'choices', what, of, choices: [], more: false, loading: true, selected: 0 };
  return step({ ...state, panel }, pageOf(state, panel));
}

function pageOf(state: ScreenState, { what, of, choices }: ChoicePanel): Effect {
  const last = choices.at(-1)?.name;
  const after = last === undefined ? {} : { after: last };
  if (what === 'members') return { type: 'members', era: state.era, room: of, ...after };
  return { type: what, pattern: of, ...after };
}

/** A key while a list is shown: beyond its end the next page is fetched. */
export function onChoiceKey(state: ScreenState, panel: ChoicePanel, key: Key, height: number): Step {
  const most = Math.max(0, panel.choices.length - 1);
  const selected = movedByKey(panel.selected, key, height, most);
  if (selected !== undefined) {
    const moved = { ...panel, selected };
    const wantsMore = panel.more && !panel.loading && selected === most;
    if (!wantsMore) return step({ ...state, panel: moved });
    return step({ ...state, panel: { ...moved, loading: true } }, pageOf(state, moved));
  }
  if (key.type !== 'named' || key.name !== 'enter') return step(state);
  const closed: ScreenState = { ...state, panel: null };
  const chosen = panel.choices[panel.selected];
  return chosen ? choose(closed, panel.what, chosen.name) : step(closed);
}

function choose(state: ScreenState, what: ChoicePanel['what'], name: string): Step {
  const present = conversationNamed(state, name);
  if (what === 'rooms' && (!present || present.ended !== null)) {
    return step(state, { type: 'request', request: { call: 'join-room', room: name } });
  }
  return step(openConversation(ensureConversation(state, name, state.nowMs), nameKey(name)));
}

/** A page of accounts or rooms; their names are known to Tab from now on. */
export function onListed(
  state: ScreenState,
  { effect, result }: AnswerTo<'accounts'> | AnswerTo<'rooms'>,
): ScreenState {
  if (!result.ok) return refused(state, effect.type, result.error.message);
  const { value } = result;
  const choices = 'rooms' in value ? value.rooms.map(roomChoice) : value.accounts.map((one) => accountChoice(one));
  const knownNames = [...new Set([...state.knownNames, ...choices.map((one) => one.name)])];
  return withPage({ ...state, knownNames }, effect.type, effect.pattern, choices, value.more);
}

/** A page of members, where they are shown over the messages. */
export function onMembersListed(state: ScreenState, { effect, result }: AnswerTo<'members'>): ScreenState {
  if (effect.era !== state.era) return state;
  if (!result.ok) return refused(state, 'members', result.error.message);
  const owner = conversationNamed(state, effect.room)?.room?.owner ?? '';
  const choices = result.value.members.map((one) => accountChoice(one, owner));
  return withPage(state, 'members', effect.room, choices, result.value.more);
}

function refused(state: ScreenState, what: ChoicePanel['what'], message: string): ScreenState {
  const isShown = state.panel?.kind === 'choices' && state.panel.what === what;
  return isShown ? withNotice({ ...state, panel: null }, message, 'bad') : state;
}

function withPage(
  state: ScreenState,
  what: ChoicePanel['what'],
  of: string,
  page: readonly Choice[],
  more: boolean,
): ScreenState {
  const { panel } = state;
  if (panel?.kind !== 'choices' || panel.what !== what || panel.of !== of) return state;
  const known = new Set(page.map((one) => nameKey(one.name)));
  const choices = [...panel.choices.filter((one) => !known.has(nameKey(one.name))), ...page];
  return { ...state, panel: { ...panel, choices, more: more && page.length > 0, loading: false } };
}

function accountChoice({ username, online, displayName = '' }: AccountListing, owner = ''): Choice {
  const isOwner = owner !== '' && nameKey(owner) === nameKey(username);
  return {
    name: username,
    online,
    detail: [displayName, isOwner ? 'owner' : ''].filter((one) => one !== '').join(' · '),
  };
}

function roomChoice({ name, topic, members }: Room): Choice {
  return { name, detail: [count(members, 'member'), topic].filter((one) => one !== '').join(' · ') };
}
