import { t } from '../../state/i18n';
import { person } from '../../state/people';
import { session } from '../../state/session';
import type { Hex } from '../../state/types';

/** The people of a conversation from its id. */
export function peopleOf(id: string): Hex[] {
  return id.split(',');
}

/** What a conversation is called: its people; one's own notes by their own name. */
export function conversationName(people: Hex[], subject?: string): string {
  if (subject) return subject;
  if (isNotes(people)) return t('messages.notes');
  return people.map((key) => person(key).name).join(', ');
}

export function isNotes(people: Hex[]): boolean {
  return people.length === 0 || (people.length === 1 && people[0] === session.value?.pubkey);
}
