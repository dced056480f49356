import { person } from '../../state/people';
import { session } from '../../state/session';
import type { Hex } from '../../state/types';
import { Avatar, Icon } from '../kit';
import { isNotes } from './names';
import './ConversationPicture.css';

/** One person's picture; two of them for a group; a pen for one's own notes. */
export function ConversationPicture({ people, size = 44 }: { people: Hex[]; size?: 32 | 44 }) {
  if (isNotes(people)) {
    return (
      <span class={`notes-picture notes-picture--${size}`} aria-hidden="true">
        <Icon name="edit" size={size === 44 ? 22 : 18} />
      </span>
    );
  }
  const [first, second] = people;
  if (first && second && size === 44) {
    return (
      <span class="pair-picture" aria-hidden="true">
        <One pubkey={first} size={32} />
        <One pubkey={second} size={32} />
      </span>
    );
  }
  return <One pubkey={first || session.value?.pubkey || ''} size={size} />;
}

function One({ pubkey, size }: { pubkey: Hex; size: 32 | 44 }) {
  const who = person(pubkey);
  return <Avatar name={who.name} picture={who.picture} seed={pubkey} size={size} />;
}
