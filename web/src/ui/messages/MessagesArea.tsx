import { t } from '../../state/i18n';
import { Empty, Split } from '../kit';
import { route } from '../router';
import { NotFound } from '../shell/Places';
import { ConversationList } from './ConversationList';
import { ConversationPage } from './ConversationPage';
import { NewConversation } from './NewConversation';

/** `#/messages`, `#/messages/new`, `#/messages/<conversation>`. */
export default function MessagesArea() {
  const id = route.value.parts[1];
  return (
    <Split
      open={id !== undefined}
      list={<ConversationList chosen={id} />}
      detail={id === undefined ? <Choose /> : id === 'new' ? <NewConversation /> : <Detail id={id} />}
    />
  );
}

/** An id is public keys joined by commas; an address typed by hand may hold anything. */
function Detail({ id }: { id: string }) {
  if (!/^[0-9a-f]{64}(,[0-9a-f]{64})*$/.test(id)) return <NotFound back="#/messages" />;
  return <ConversationPage key={id} id={id} />;
}

function Choose() {
  return <Empty icon="messages" title={t('messages.choose')} />;
}
