import { t } from '../../state/i18n';
import { Empty, Split } from '../kit';
import { route } from '../router';
import { NotFound } from '../shell/Places';
import { Directory } from './Directory';
import { Profile } from './Profile';

/** `#/people`, `#/people/<public key>`. */
export default function PeopleArea() {
  const key = route.value.parts[1];
  return (
    <Split
      open={key !== undefined}
      list={<Directory chosen={key} />}
      detail={
        key === undefined ? (
          <Empty icon="people" title={t('people.choose')} />
        ) : /^[0-9a-f]{64}$/.test(key) ? (
          <Profile key={key} pubkey={key} />
        ) : (
          <NotFound back="#/people" />
        )
      }
    />
  );
}
