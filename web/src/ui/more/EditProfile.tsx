import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { person } from '../../state/people';
import { saveProfile, session } from '../../state/session';
import { errorText } from '../errors';
import { Avatar, Button, ButtonRow, Field, FileButton, Note, Page, ProgressBar, TextArea, toast } from '../kit';
import { usePictureUpload } from '../usePictureUpload';
import './EditProfile.css';

const PICTURE_SIDE = 512;
const ABOUT_MOST = 300;

export function EditProfile() {
  const me = session.value;
  const own = me ? person(me.pubkey) : null;
  const [name, setName] = useState(me ? me.name : '');
  const [about, setAbout] = useState((own && own.about) || '');
  // `url` is absent while the picture stays as it is, empty to take it away.
  const [picture, setPicture] = useState<{ url?: string; local?: string }>({ local: own ? own.picture : undefined });
  const [problem, setProblem] = useState('');
  const upload = usePictureUpload(setPicture, PICTURE_SIDE);
  const [saving, setSaving] = useState(false);
  const [failed, setFailed] = useState<unknown>(null);

  const save = (event: Event) => {
    event.preventDefault();
    const clean = name.trim();
    setProblem(clean ? '' : t('account.nameEmpty'));
    if (!clean || upload.sending !== null) return;
    setSaving(true);
    setFailed(null);
    saveProfile({ name: clean, about: about.trim(), picture: picture.url })
      .then(() => toast(t('common.saved')), setFailed)
      .then(() => setSaving(false));
  };
  return (
    <Page title={t('more.profile')} back="#/more" backOnPhoneOnly width="form">
      <form class="stack--wide" onSubmit={save} noValidate>
        <div class="edit-profile__picture">
          <Avatar name={name || '·'} picture={picture.local} seed={me ? me.pubkey : ''} size={96} />
          <div class="edit-profile__ways">
            <FileButton icon="picture" accept="image/*" onFile={upload.send} busy={upload.sending !== null}>
              {t(picture.local ? 'more.otherPicture' : 'more.addPicture')}
            </FileButton>
            {picture.local && upload.sending === null && (
              <Button kind="plain" onClick={() => setPicture({ url: '' })}>
                {t('more.removePicture')}
              </Button>
            )}
          </div>
        </div>
        {upload.sending !== null && <ProgressBar label={t('more.sendingPicture')} value={upload.sending} />}
        {upload.failure !== null && <Note kind="alarm" title={errorText(upload.failure)} />}
        <Field
          label={t('more.shownName')}
          hint={t('more.shownNameHint')}
          value={name}
          onInput={setName}
          error={problem}
          maxLength={40}
        />
        <TextArea
          label={t('more.aboutYou')}
          hint={t('more.aboutYouHint')}
          value={about}
          onInput={setAbout}
          maxLength={ABOUT_MOST}
        />
        {failed !== null && (
          <Note kind="alarm" title={errorText(failed)}>
            {t('more.notSaved')}
          </Note>
        )}
        <ButtonRow>
          <Button kind="primary" type="submit" busy={saving}>
            {t('common.save')}
          </Button>
        </ButtonRow>
      </form>
    </Page>
  );
}
