import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { useState } from 'preact/hooks';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import {
  announce, Avatar, Badge, Button, Check, Confirm, Dialog, Field, IconButton, initials, List, ListRow, Live, Note,
  ProgressBar, sameDay, Select, Tabs, TextArea, toast,
} from '.';
import { outline } from './Qr';

beforeAll(() => setLanguage('en'));
afterEach(cleanup);

describe('Button', () => {
  it('does nothing while busy, and says so', () => {
    const press = vi.fn();
    render(<Button busy onClick={press}>Send</Button>);
    const button = screen.getByRole('button', { name: 'Send' });
    fireEvent.click(button);
    expect(press).not.toHaveBeenCalled();
    expect(button.getAttribute('aria-busy')).toBe('true');
  });

  it('submits no form while busy', () => {
    const submit = vi.fn((event: Event) => event.preventDefault());
    const { rerender } = render(<form onSubmit={submit}><Button type="submit" busy>Go</Button></form>);
    fireEvent.click(screen.getByRole('button'));
    expect(submit).not.toHaveBeenCalled();
    rerender(<form onSubmit={submit}><Button type="submit">Go</Button></form>);
    fireEvent.click(screen.getByRole('button'));
    expect(submit).toHaveBeenCalledOnce();
  });

  it('is a link when it leads somewhere', () => {
    render(<IconButton icon="plus" label="New" href="#/new" />);
    expect(screen.getByRole('link', { name: 'New' }).getAttribute('href')).toBe('#/new');
  });
});

describe('Field', () => {
  it('is found by its label and tells its hint and error', () => {
    render(<Field label="Name" hint="Everyone sees it." error="Too long" value="" onInput={() => undefined} />);
    const input = screen.getByRole('textbox', { name: 'Name' });
    expect(input.getAttribute('aria-invalid')).toBe('true');
    const told = (input.getAttribute('aria-describedby') || '').split(' ').map((id) => document.getElementById(id));
    expect(told.map((e) => e?.textContent)).toEqual(['Everyone sees it.', 'Too long']);
    expect(screen.getByRole('alert').textContent).toBe('Too long');
  });

  it('shows a passphrase only when asked to', () => {
    render(<Field label="Passphrase" type="password" value="lamp" onInput={() => undefined} />);
    const input = screen.getByLabelText('Passphrase') as HTMLInputElement;
    expect(input.type).toBe('password');
    fireEvent.click(screen.getByRole('button', { name: 'Show the passphrase' }));
    expect(input.type).toBe('text');
    fireEvent.click(screen.getByRole('button', { name: 'Hide the passphrase' }));
    expect(input.type).toBe('password');
  });

  it('hands on what is typed', () => {
    function Typed() {
      const [text, set] = useState('');
      return (
        <>
          <Field label="One" value={text} onInput={set} />
          <TextArea label="Two" value={text} onInput={set} />
        </>
      );
    }
    render(<Typed />);
    fireEvent.input(screen.getByLabelText('One'), { target: { value: '마당' } });
    expect((screen.getByLabelText('Two') as HTMLTextAreaElement).value).toBe('마당');
  });

  it('lets one choose and tick', () => {
    const choose = vi.fn();
    const tick = vi.fn();
    render(
      <>
        <Select label="Role" value="a" onChange={choose} options={[{ value: 'a', label: 'A' }, { value: 'b', label: 'B' }]} />
        <Check label="Stay" hint="On this device" checked={false} onChange={tick} />
      </>,
    );
    fireEvent.change(screen.getByRole('combobox', { name: 'Role' }), { target: { value: 'b' } });
    expect(choose).toHaveBeenCalledWith('b');
    fireEvent.click(screen.getByRole('checkbox'));
    expect(tick).toHaveBeenCalledWith(true);
  });
});

describe('Dialog', () => {
  function Page({ onConfirm = () => undefined }: { onConfirm?: () => void }) {
    const [open, set] = useState(false);
    return (
      <>
        <button onClick={() => set(true)}>Open</button>
        {open && (
          <Confirm title="Sure?" confirm="Do it" onConfirm={onConfirm} onClose={() => set(false)}>
            It stays done.
          </Confirm>
        )}
      </>
    );
  }

  it('has a name, closes by Escape and gives the focus back', () => {
    render(<Page />);
    const opener = screen.getByRole('button', { name: 'Open' });
    opener.focus();
    fireEvent.click(opener);
    const dialog = screen.getByRole('dialog', { name: 'Sure?' });
    fireEvent.keyDown(dialog, { key: 'Escape' });
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(opener);
  });

  it('does it only when told to', () => {
    const confirm = vi.fn();
    render(<Page onConfirm={confirm} />);
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(confirm).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    fireEvent.click(screen.getByRole('button', { name: 'Do it' }));
    expect(confirm).toHaveBeenCalledOnce();
  });

  it('closes by its cross', () => {
    const close = vi.fn();
    render(<Dialog title="Here" onClose={close}>words</Dialog>);
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(close).toHaveBeenCalledOnce();
  });
});

describe('lists', () => {
  it('rows are links in a named list, and the open one is current', () => {
    render(
      <List label="People">
        <ListRow href="#/people/a" title="Mina" detail="Baker" current endBelow={<Badge count={3} label="3 unread" />} />
        <ListRow href="#/people/b" title="Yusuf" endBelow={<Badge count={0} label="0 unread" />} />
      </List>,
    );
    expect(screen.getByRole('list', { name: 'People' })).toBeTruthy();
    expect(screen.getByRole('link', { name: /Mina.*Baker.*3 unread/ }).getAttribute('aria-current')).toBe('true');
    expect(screen.getByRole('link', { name: 'Yusuf' }).getAttribute('aria-current')).toBeNull();
  });

  it('initials follow how names are shortened', () => {
    expect(initials('Ada Lovelace')).toBe('AL');
    expect(initials('grace')).toBe('G');
    expect(initials('김민아')).toBe('민아');
    expect(initials('무함마드')).toBe('마드');
    expect(initials('أمينة حسن')).toBe('أ');
    expect(initials('  ')).toBe('·');
    expect(initials('🌙 night')).toBe('🌙N');
  });

  it('a picture that does not load gives way to initials', () => {
    const { container } = render(<Avatar name="Ada Lovelace" picture="/x.jpg" seed="00ff" />);
    fireEvent.error(container.querySelector('img') as Element);
    expect(container.textContent).toBe('AL');
  });
});

describe('telling', () => {
  it('an alarm is announced, a note is not', () => {
    render(
      <>
        <Note kind="alarm" title="It broke">Nothing is lost.</Note>
        <Note title="By the way" />
      </>,
    );
    expect(screen.getByRole('alert').textContent).toContain('Nothing is lost.');
    expect(screen.getByRole('note').textContent).toBe('By the way');
  });

  it('progress has a name and a number, and can be stopped', () => {
    const stop = vi.fn();
    const { rerender } = render(<ProgressBar label="Uploading" value={0.42} detail="4 of 10 MB" onStop={stop} />);
    expect(screen.getByRole('progressbar', { name: 'Uploading' }).getAttribute('aria-valuenow')).toBe('42');
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(stop).toHaveBeenCalledOnce();
    rerender(<ProgressBar label="Uploading" />);
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBeNull();
  });

  it('toasts and announcements reach live regions', async () => {
    render(<Live />);
    toast('Copied.');
    announce('Mina: hello');
    expect((await screen.findByText('Copied.')).closest('[aria-live]')).toBeTruthy();
    expect((await screen.findByText('Mina: hello')).getAttribute('aria-live')).toBe('polite');
  });

  it('tabs stay pressed', () => {
    const change = vi.fn();
    const options = [{ value: 'a', label: 'A' }, { value: 'b', label: 'B' }];
    render(<Tabs label="View" value="a" onChange={change} options={options} />);
    expect(screen.getByRole('button', { name: 'A' }).getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(screen.getByRole('button', { name: 'B' }));
    expect(change).toHaveBeenCalledWith('b');
  });
});

describe('small reckonings', () => {
  it('draws each run of dark cells once', () => {
    expect(outline([[true, true, false], [false, false, true]])).toBe('M0 0h2v1H0zM2 1h1v1H2z');
  });

  it('knows one day from the next', () => {
    const noon = new Date(2024, 4, 12, 12).getTime() / 1000;
    expect(sameDay(noon, noon + 11 * 3600)).toBe(true);
    expect(sameDay(noon, noon + 13 * 3600)).toBe(false);
  });
});
