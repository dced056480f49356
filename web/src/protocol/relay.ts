// One connection to a relay (NIP-01), kept up: it reconnects with back-off, authenticates when challenged (NIP-42),
// subscribes again after a reconnect and notices a dead line. It knows no DOM: whoever does, says when the page came to
// the front or the network changed, by `wake`.
import { CodedError } from './errors';
import { isEvent, kind, maxFrame, type EventTemplate, type Filter, type NostrEvent } from './event';

/** The part of WebSocket that is used. */
export interface Socket {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
}

export interface Timers {
  set(run: () => void, milliseconds: number): number;
  clear(timer: number): void;
  /** 0 to 1. */
  random(): number;
}

export interface RelayConfig {
  /** ws:// or wss://. */
  url: string;
  open(url: string): Socket;
  timers?: Timers;
  /** Unix seconds, the node's clock. */
  now(): number;
  /** The line went up or down. */
  onState(up: boolean): void;
}

/** Signs as the person in session. */
export type Signer = (template: EventTemplate) => Promise<NostrEvent>;

export interface SubscriptionHandlers {
  event(e: NostrEvent): void;
  /** What was stored has been sent; once for each time of connecting. */
  eose?(): void;
  /** The relay refused; it is not tried again before the next reconnect. */
  closed?(reason: string): void;
}

export interface SubscribeOptions {
  /** Wait until the connection has authenticated: for what a relay shows only to its reader. */
  auth?: boolean;
}

interface Subscription {
  id: string;
  filters: () => Filter[];
  handlers: SubscriptionHandlers;
  auth: boolean;
  sent: boolean;
  /** It was refused for want of authentication and waits for it. */
  refused: boolean;
}

interface Publishing {
  event: NostrEvent;
  resolve(answer: Answer): void;
  reject(error: Error): void;
  timer: number;
  retried: boolean;
}

/** The relay's OK (NIP-01). */
export interface Answer {
  ok: boolean;
  message: string;
}

const firstWait = 500;
const longestWait = 30_000;
const answerTime = 15_000;
const probeTime = 10_000;
const idleTime = 45_000;
const maxPublishing = 500;
const maxSubscriptions = 64;

const systemTimers: Timers = {
  set: (run, milliseconds) => setTimeout(run, milliseconds) as unknown as number,
  clear: (timer) => clearTimeout(timer),
  random: Math.random,
};

export class Relay {
  private socket: Socket | null = null;
  private up = false;
  private wanted = false;
  private attempts = 0;
  private retryTimer = 0;
  private idleTimer = 0;
  private challenge: string | null = null;
  private signer: Signer | null = null;
  private auth: 'none' | 'pending' | 'done' | 'refused' = 'none';
  private authId: string | null = null;
  private next = 1;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly publishing = new Map<string, Publishing>();
  /** What open queries do when the line is lost. */
  private readonly whenDown = new Set<() => void>();
  private readonly timers: Timers;

  constructor(private readonly config: RelayConfig) {
    this.timers = config.timers ?? systemTimers;
  }

  get connected(): boolean {
    return this.up;
  }

  /** Connects and stays connected until `close`. */
  connect(): void {
    this.wanted = true;
    if (!this.socket) this.dial();
  }

  close(): void {
    this.wanted = false;
    this.timers.clear(this.retryTimer);
    this.drop();
  }

  /** The page came to the front or the network is back: connect now, or find out whether the line still lives. */
  wake(): void {
    if (!this.wanted) return;
    if (this.up) this.probe();
    else if (!this.socket) this.dial();
  }

  /** Whose connection it is. A change of person takes a new connection, so that none sees what another may. */
  identify(signer: Signer | null): void {
    if (signer === this.signer) return;
    const before = this.signer;
    this.signer = signer;
    if (before && this.socket) {
      this.drop();
      if (this.wanted) this.dial();
      return;
    }
    this.authenticate();
  }

  /** Follows `filters()`, asked anew at each connect. Returns what ends it. */
  subscribe(filters: () => Filter[], handlers: SubscriptionHandlers, options: SubscribeOptions = {}): () => void {
    if (this.subscriptions.size >= maxSubscriptions) throw new CodedError('too-large', 'too many subscriptions');
    const id = `s${this.next++}`;
    const subscription = { id, filters, handlers, auth: options.auth ?? false, sent: false, refused: false };
    this.subscriptions.set(id, subscription);
    this.request(subscription);
    return () => {
      if (this.subscriptions.delete(id) && subscription.sent) this.send(['CLOSE', id]);
    };
  }

  /** What is stored for `filters`. Rejects with `offline`, `timeout` or `refused`. */
  query(filters: Filter[], options: SubscribeOptions = {}): Promise<NostrEvent[]> {
    if (!this.up) return Promise.reject(new CodedError('offline'));
    return new Promise((resolve, reject) => {
      const found: NostrEvent[] = [];
      let end = () => {};
      const finish = (settle: () => void) => {
        end();
        this.timers.clear(timer);
        this.whenDown.delete(lost);
        settle();
      };
      const lost = () => finish(() => reject(new CodedError('offline')));
      const timer = this.timers.set(() => finish(() => reject(new CodedError('timeout'))), answerTime);
      this.whenDown.add(lost);
      end = this.subscribe(
        () => filters,
        {
          event: (e) => found.push(e),
          eose: () => finish(() => resolve(found)),
          closed: (reason) => finish(() => reject(new CodedError('refused', reason))),
        },
        options,
      );
    });
  }

  /** Sends an event and waits for OK. Rejects with `offline` or `timeout`; a refusal is an answer. */
  publish(event: NostrEvent): Promise<Answer> {
    if (!this.up || this.publishing.size >= maxPublishing) return Promise.reject(new CodedError('offline'));
    const already = this.publishing.get(event.id);
    if (already) this.settle(event.id, (p) => p.reject(new CodedError('timeout', 'sent again')));
    return new Promise((resolve, reject) => {
      const timer = this.timers.set(
        () => this.settle(event.id, (p) => p.reject(new CodedError('timeout'))),
        answerTime,
      );
      this.publishing.set(event.id, { event, resolve, reject, timer, retried: false });
      this.send(['EVENT', event]);
    });
  }

  private dial(): void {
    this.timers.clear(this.retryTimer);
    let socket: Socket;
    try {
      socket = this.config.open(this.config.url);
    } catch {
      this.retryLater();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.up = true;
      this.attempts = 0;
      this.config.onState(true);
      this.watchIdle();
      for (const subscription of this.subscriptions.values()) this.request(subscription);
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.receive(data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lost();
    };
    socket.onerror = () => {
      if (socket === this.socket) this.lost();
    };
  }

  private lost(): void {
    this.drop();
    if (this.wanted) this.retryLater();
  }

  /** Forgets the socket and all that hung on it. */
  private drop(): void {
    const { socket, up } = this;
    this.socket = null;
    this.up = false;
    this.challenge = null;
    this.auth = 'none';
    this.authId = null;
    this.timers.clear(this.idleTimer);
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
    for (const subscription of this.subscriptions.values()) {
      subscription.sent = false;
      subscription.refused = false;
    }
    for (const id of [...this.publishing.keys()]) this.settle(id, (p) => p.reject(new CodedError('offline')));
    for (const lost of [...this.whenDown]) lost();
    if (up) this.config.onState(false);
  }

  private retryLater(): void {
    const wait = Math.min(longestWait, firstWait * 2 ** this.attempts);
    this.attempts += 1;
    this.timers.clear(this.retryTimer);
    // Half of it is chance: when a node comes back, a village must not knock at once.
    this.retryTimer = this.timers.set(() => this.dial(), wait * (0.5 + this.timers.random() / 2));
  }

  private watchIdle(): void {
    this.timers.clear(this.idleTimer);
    this.idleTimer = this.timers.set(() => this.probe(), idleTime);
  }

  /** Asks for something that is not there: any answer shows that the line lives. */
  private probe(): void {
    if (!this.up || !this.socket) return;
    const { socket } = this;
    this.timers.clear(this.idleTimer);
    this.idleTimer = this.timers.set(() => {
      if (socket === this.socket) this.lost();
    }, probeTime);
    this.send(['REQ', 'probe', { ids: ['0'.repeat(64)], limit: 1 }]);
    this.send(['CLOSE', 'probe']);
  }

  private send(frame: unknown[]): void {
    if (!this.up || !this.socket) return;
    try {
      this.socket.send(JSON.stringify(frame));
    } catch {
      this.lost();
    }
  }

  private request(subscription: Subscription): void {
    if (!this.up || (subscription.auth && this.auth !== 'done')) return;
    subscription.sent = true;
    this.send(['REQ', subscription.id, ...subscription.filters()]);
  }

  private receive(data: unknown): void {
    this.watchIdle();
    if (typeof data !== 'string' || data.length > maxFrame) return;
    let frame: unknown;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (!Array.isArray(frame)) return;
    const [type, first, second, third] = frame as unknown[];
    if (type === 'AUTH' && typeof first === 'string') {
      this.challenge = first;
      this.auth = 'none';
      this.authenticate();
    } else if (typeof first === 'string') {
      const subscription = this.subscriptions.get(first);
      if (type === 'EVENT' && subscription && isEvent(second)) subscription.handlers.event(second);
      else if (type === 'EOSE') subscription?.handlers.eose?.();
      else if (type === 'CLOSED' && subscription) this.onClosed(subscription, String(second ?? ''));
      else if (type === 'OK') this.onOk(first, second === true, String(third ?? ''));
    }
  }

  private onClosed(subscription: Subscription, reason: string): void {
    subscription.sent = false;
    if (reason.startsWith('auth-required:') && !subscription.refused && this.mayAuthenticate()) {
      subscription.refused = true;
      subscription.auth = true;
      this.request(subscription);
      return;
    }
    subscription.handlers.closed?.(reason);
  }

  private onOk(id: string, ok: boolean, message: string): void {
    if (id === this.authId) {
      this.authId = null;
      this.auth = ok ? 'done' : 'refused';
      this.afterAuth();
      return;
    }
    const publishing = this.publishing.get(id);
    if (!publishing) return;
    if (!ok && message.startsWith('auth-required:') && !publishing.retried && this.mayAuthenticate()) {
      publishing.retried = true;
      if (this.auth === 'done') this.send(['EVENT', publishing.event]);
      return; // otherwise it is sent again by afterAuth
    }
    this.settle(id, (p) => p.resolve({ ok, message }));
  }

  private mayAuthenticate(): boolean {
    return this.signer !== null && this.auth !== 'refused';
  }

  private settle(id: string, how: (p: Publishing) => void): void {
    const publishing = this.publishing.get(id);
    if (!publishing) return;
    this.publishing.delete(id);
    this.timers.clear(publishing.timer);
    how(publishing);
  }

  private authenticate(): void {
    const { challenge, signer, socket } = this;
    if (challenge === null || !signer || this.auth !== 'none') return;
    this.auth = 'pending';
    const tags = [['relay', this.config.url], ['challenge', challenge]];
    signer({ kind: kind.relayAuth, created_at: this.config.now(), tags, content: '' }).then(
      (event) => {
        if (socket !== this.socket || challenge !== this.challenge) return;
        this.authId = event.id;
        this.send(['AUTH', event]);
      },
      () => {
        if (socket === this.socket && challenge === this.challenge) this.auth = 'refused';
      },
    );
  }

  private afterAuth(): void {
    for (const subscription of [...this.subscriptions.values()]) {
      if (!subscription.auth || subscription.sent) continue;
      if (this.auth === 'done') this.request(subscription);
      else subscription.handlers.closed?.('auth-required: the relay did not take the proof');
    }
    for (const [id, publishing] of [...this.publishing]) {
      if (!publishing.retried) continue;
      if (this.auth === 'done') this.send(['EVENT', publishing.event]);
      else this.settle(id, (p) => p.resolve({ ok: false, message: 'auth-required: the proof was not taken' }));
    }
  }
}
