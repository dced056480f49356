import { describe, expect, it } from 'vitest';
import { inviteCode, normalisePassphrase, passphraseProblem } from './passphrase';

describe('a passphrase of one’s own', () => {
  it('is long enough with 20 characters or five words', () => {
    expect(passphraseProblem('the lamp by my door')).toBeNull();
    expect(passphraseProblem('마당 등불 저녁 바람 감나무')).toBeNull();
    expect(passphraseProblem('qz7!Lm#2vRt9@wExQ4;k')).toBeNull();
  });

  it('is refused when short, empty or all alike', () => {
    expect(passphraseProblem('  ')).toBe('account.ownEmpty');
    expect(passphraseProblem('courtyard')).toBe('account.ownShort');
    expect(passphraseProblem('a b c d e f')).toBe('account.ownShort');
    expect(passphraseProblem('aaaaaaaaaaaaaaaaaaaa')).toBe('account.ownSame');
    expect(passphraseProblem('evening evening evening evening evening')).toBe('account.ownSame');
  });

  it('does not count white space', () => {
    expect(passphraseProblem('lamp              door')).toBe('account.ownShort');
    expect(normalisePassphrase(' one\u3000two \n three ')).toBe('one two three');
  });
});

describe('an invite', () => {
  it('is found in a link, in its end, or alone', () => {
    const code = '0123456789abcdefghjk';
    expect(inviteCode(`http://10.0.0.1:8080/#/join/${code}`)).toBe(code);
    expect(inviteCode(`#/join/${code}`)).toBe(code);
    expect(inviteCode(` ${code.toUpperCase()} `)).toBe(code);
    expect(inviteCode('01234 56789-abcde fghjk')).toBe(code);
  });
});
