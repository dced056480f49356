import { verifyEvent } from 'nostr-tools/pure';
import { describe, expect, it } from 'vitest';
import { codeOf } from './errors';
import { kind, type EventTemplate, type NostrEvent } from './event';
import { newSecret, publicKey } from './keys';
import { Relay, type Answer, type Socket, type Timers } from './relay';
import { sign } from './tokens';

/** The other end of a line, as a relay sees it. */
class Line implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly heard: unknown[][] = [];
  closed = false;

  send(data: string): void {
    this.heard.push(JSON.parse(data) as unknown[]);
  }
  close(): void {
    this.closed = true;
  }
  say(...frame: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  /** Subscription ids of the REQs heard, in order. */
  get requests(): string[] {
    return this.heard.filter((f) => f[0] === 'REQ').map((f) => f[1] as string);
  }
  of(type: string): unknown[][] {
    return this.heard.filter((f) => f[0] === type);
  }
}

/** Time that passes only when the test says so. */
class HandClock implements Timers {
  private now = 0;
  private next = 1;
  private readonly due = new Map<number, { at: number; run: () => void }>();

  set(run: () => void, milliseconds: number): number {
    this.due.set(this.next, { at: this.now + milliseconds, run });
    return this.next++;
  }
  clear(timer: number): void {
    this.due.delete(timer);
  }
  random(): number {
    return 1;
  }
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [soonest] = [...this.due].filter(([, d]) => d.at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!soonest) break;
      this.due.delete(soonest[0]);
      this.now = soonest[1].at;
      soonest[1].run();
    }
    this.now = end;
  }
}

const secret = newSecret();
const signer = (template: EventTemplate) => Promise.resolve(sign(template, secret));
const note = (text: string): NostrEvent =>
  sign({ kind: 1, created_at: 1_700_000_000, tags: [], content: text }, secret);
const turn = () => new Promise((resolve) => setTimeout(resolve));

function setUp() {
  const lines: Line[] = [];
  const states: boolean[] = [];
  const clock = new HandClock();
  const relay = new Relay({
    url: 'ws://node/',
    open: () => {
      const line = new Line();
      lines.push(line);
      return line;
    },
    timers: clock,
    now: () => 1_700_000_000,
    onState: (up) => states.push(up),
  });
  const latest = () => lines[lines.length - 1] as Line;
  const up = () => {
    latest().onopen?.();
    return latest();
  };
  return { relay, lines, states, clock, latest, up };
}

describe('keeping the line up', () => {
  it('comes back after a loss, waiting longer each time but never beyond 30 s', () => {
    const { relay, lines, states, clock, up } = setUp();
    relay.connect();
    up();
    expect(states).toEqual([true]);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const count = lines.length;
      (lines[count - 1] as Line).onclose?.();
      let waited = 0;
      while (lines.length === count) {
        clock.pass(100);
        waited += 100;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    up();
    expect(states).toEqual([true, false, true]);
    (lines[lines.length - 1] as Line).onclose?.();
    clock.pass(500);
    expect(lines).toHaveLength(11);
  });

  it('is tried at once when the page wakes', () => {
    const { relay, lines, up } = setUp();
    relay.connect();
    up().onclose?.();
    relay.wake();
    expect(lines).toHaveLength(2);
  });

  it('gives up a line that answers nothing, and leaves one alone that does', () => {
    const { relay, lines, states, clock, up } = setUp();
    relay.connect();
    const line = up();
    clock.pass(45_000);
    expect(line.requests).toEqual(['probe']);
    line.say('EOSE', 'probe');
    clock.pass(44_000);
    expect(states).toEqual([true]);
    relay.wake();
    clock.pass(10_000);
    expect(line.closed).toBe(true);
    expect(states).toEqual([true, false]);
    clock.pass(500);
    expect(lines).toHaveLength(2);
  });

  it('stays away once closed', () => {
    const { relay, lines, clock, up } = setUp();
    relay.connect();
    up();
    relay.close();
    clock.pass(100_000);
    relay.wake();
    expect(lines).toHaveLength(1);
  });
});

describe('subscriptions', () => {
  it('are asked again on a new line with filters made anew', () => {
    const { relay, clock, up } = setUp();
    relay.connect();
    let since = 1;
    const seen: string[] = [];
    const end = relay.subscribe(() => [{ kinds: [1], since: since++ }], { event: (e) => seen.push(e.content) });
    const first = up();
    const [id] = first.requests as [string];
    expect(first.of('REQ')).toEqual([['REQ', id, { kinds: [1], since: 1 }]]);
    first.say('EVENT', id, note('one'));
    first.onclose?.();
    clock.pass(500);
    const second = up();
    expect(second.of('REQ')).toEqual([['REQ', id, { kinds: [1], since: 2 }]]);
    second.say('EVENT', id, note('two'));
    first.say('EVENT', id, note('from a dead line'));
    end();
    expect(second.of('CLOSE')).toEqual([['CLOSE', id]]);
    second.say('EVENT', id, note('too late'));
    expect(seen).toEqual(['one', 'two']);
  });

  it('drop what has not the shape of an event', () => {
    const { relay, up } = setUp();
    relay.connect();
    const seen: NostrEvent[] = [];
    relay.subscribe(() => [{}], { event: (e) => seen.push(e) });
    const line = up();
    const [id] = line.requests;
    const good = note('good');
    for (const bad of [null, 1, {}, { ...good, tags: [[1]] }, { ...good, id: 'A'.repeat(64) }, { ...good, kind: 1.5 },
      { ...good, created_at: -1 }, { ...good, sig: 'x' }, { ...good, content: 5 }]) line.say('EVENT', id, bad);
    for (const data of ['', '{', '"x"', '[]', 'null', '[1,2]', new ArrayBuffer(8)]) line.onmessage?.({ data });
    line.say('EVENT', id, good);
    expect(seen).toEqual([good]);
  });

  it('for private things wait until the relay knows who asks', async () => {
    const { relay, up } = setUp();
    relay.connect();
    relay.identify(signer);
    relay.subscribe(() => [{ kinds: [1059] }], { event: () => undefined }, { auth: true });
    const line = up();
    expect(line.requests).toEqual([]);
    line.say('AUTH', 'challenge-1');
    await turn();
    const [[, proof]] = line.of('AUTH') as [[string, NostrEvent]];
    expect(verifyEvent(proof)).toBe(true);
    expect(proof).toMatchObject({ kind: kind.relayAuth, pubkey: publicKey(secret) });
    expect(proof.tags).toEqual([['relay', 'ws://node/'], ['challenge', 'challenge-1']]);
    expect(line.requests).toEqual([]);
    line.say('OK', proof.id, true, '');
    expect(line.requests).toHaveLength(1);
  });

  it('that were closed for want of a proof are asked again after it, once', async () => {
    const { relay, up } = setUp();
    relay.connect();
    relay.identify(signer);
    const reasons: string[] = [];
    relay.subscribe(() => [{}], { event: () => undefined, closed: (reason) => reasons.push(reason) });
    const line = up();
    const [id] = line.requests;
    line.say('AUTH', 'c');
    line.say('CLOSED', id, 'auth-required: who are you?');
    await turn();
    line.say('OK', (line.of('AUTH')[0]?.[1] as NostrEvent).id, true, '');
    expect(line.requests).toEqual([id, id]);
    line.say('CLOSED', id, 'auth-required: still not');
    expect(line.requests).toHaveLength(2);
    expect(reasons).toEqual(['auth-required: still not']);
  });

  it('say so when the proof is not taken', async () => {
    const { relay, up } = setUp();
    relay.connect();
    relay.identify(signer);
    const reasons: string[] = [];
    relay.subscribe(() => [{}], { event: () => undefined, closed: (r) => reasons.push(r) }, { auth: true });
    const line = up();
    line.say('AUTH', 'c');
    await turn();
    line.say('OK', (line.of('AUTH')[0]?.[1] as NostrEvent).id, false, 'restricted: not here');
    expect(line.requests).toEqual([]);
    expect(reasons).toHaveLength(1);
  });

  it('of one person end with the line when another comes', () => {
    const { relay, lines, up } = setUp();
    relay.connect();
    relay.identify(signer);
    const line = up();
    relay.identify(null);
    expect(line.closed).toBe(true);
    expect(lines).toHaveLength(2);
  });
});

describe('questions', () => {
  it('gather until EOSE and close', async () => {
    const { relay, up } = setUp();
    relay.connect();
    const line = up();
    const answer = relay.query([{ kinds: [1] }]);
    const [id] = line.requests;
    line.say('EVENT', id, note('a'));
    line.say('EVENT', 'another', note('b'));
    line.say('EOSE', id);
    expect((await answer).map((e) => e.content)).toEqual(['a']);
    expect(line.of('CLOSE')).toEqual([['CLOSE', id]]);
  });

  it('end with a code when the line is down, is lost, says nothing or refuses', async () => {
    const { relay, clock, up } = setUp();
    const failure = (p: Promise<unknown>) => p.then(() => 'answered', codeOf);
    expect(await failure(relay.query([{}]))).toBe('offline');
    relay.connect();
    const line = up();
    const lost = failure(relay.query([{}]));
    line.onclose?.();
    expect(await lost).toBe('offline');
    clock.pass(500);
    const second = up();
    const refused = failure(relay.query([{}]));
    second.say('CLOSED', second.requests[0], 'restricted: no');
    expect(await refused).toBe('refused');
    const silent = failure(relay.query([{}]));
    clock.pass(15_000);
    expect(await silent).toBe('timeout');
  });
});

describe('publishing', () => {
  it('gives the relay’s word', async () => {
    const { relay, up } = setUp();
    relay.connect();
    const line = up();
    const [good, bad] = [note('good'), note('bad')];
    const answers = Promise.all([relay.publish(good), relay.publish(bad)]);
    line.say('OK', bad.id, false, 'blocked: no');
    line.say('OK', good.id, true, '');
    expect(await answers).toEqual<Answer[]>([
      { ok: true, message: '' },
      { ok: false, message: 'blocked: no' },
    ]);
  });

  it('proves who asks when told to, and sends again', async () => {
    const { relay, up } = setUp();
    relay.connect();
    relay.identify(signer);
    const line = up();
    const event = note('protected');
    const answer = relay.publish(event);
    line.say('OK', event.id, false, 'auth-required: whose is it?');
    line.say('AUTH', 'c');
    await turn();
    line.say('OK', (line.of('AUTH')[0]?.[1] as NostrEvent).id, true, '');
    expect(line.of('EVENT')).toHaveLength(2);
    line.say('OK', event.id, true, '');
    expect(await answer).toEqual({ ok: true, message: '' });
  });

  it('without a person, being told to prove who asks is the answer', async () => {
    const { relay, up } = setUp();
    relay.connect();
    const line = up();
    const event = note('x');
    const answer = relay.publish(event);
    line.say('OK', event.id, false, 'auth-required: no');
    expect((await answer).ok).toBe(false);
  });

  it('ends with a code when the line is down, lost or silent', async () => {
    const { relay, clock, up } = setUp();
    const failure = (p: Promise<unknown>) => p.then(() => 'answered', codeOf);
    expect(await failure(relay.publish(note('x')))).toBe('offline');
    relay.connect();
    up();
    const silent = failure(relay.publish(note('y')));
    clock.pass(15_000);
    expect(await silent).toBe('timeout');
    const lost = failure(relay.publish(note('z')));
    relay.close();
    expect(await lost).toBe('offline');
  });
});
