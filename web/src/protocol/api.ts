// The node's HTTP API: JSON in and out, errors as codes (docs/formats.md, 'HTTP API').
import { CodedError } from './errors';
import { isHex, type Hex } from './event';
import type { VaultParams, VaultRecord } from './vault';
import type { NostrEvent } from './event';

const answerTime = 20_000;
const maxAnswer = 256 * 1024;

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From "/api/" on. */
  path: string;
  body?: unknown;
  /** Makes the Authorization header (NIP-98) for the absolute URL and the body's exact text. */
  authorize?: (url: string, method: string, body: string | undefined) => Promise<string>;
}

type Json = Record<string, unknown>;

export class NodeApi {
  constructor(
    private readonly origin: string,
    private readonly fetcher: typeof fetch = (...a) => fetch(...a),
  ) {}

  /** Answers of 2xx as an object, of 204 as an empty one. Rejects with the node's code, `offline`, `timeout` or `bad-answer`. */
  async call({ method, path, body, authorize }: Call): Promise<Json> {
    const url = this.origin + path;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = {};
    if (text !== undefined) headers['Content-Type'] = 'application/json';
    if (authorize) headers.Authorization = await authorize(url, method, text);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), answerTime);
    try {
      const response = await this.fetcher(url, {
        method, headers, body: text, signal: stop.signal, credentials: 'omit', cache: 'no-store',
      });
      const answer = response.status === 204 ? {} : parse(await response.text());
      if (response.ok && answer) return answer;
      if (response.ok) throw new CodedError('bad-answer');
      throw refusal(response, answer);
    } catch (error) {
      if (error instanceof CodedError) throw error;
      throw new CodedError(stop.signal.aborted ? 'timeout' : 'offline');
    } finally {
      clearTimeout(timer);
    }
  }

  node(): Promise<Json> {
    return this.call({ method: 'GET', path: '/api/node' });
  }

  async vaultParams(name: string): Promise<VaultParams> {
    const { salt, n, r, p } = await this.call({ method: 'POST', path: '/api/vault/params', body: { name } });
    if (typeof salt !== 'string' || typeof n !== 'number' || typeof r !== 'number' || typeof p !== 'number') {
      throw new CodedError('bad-answer');
    }
    return { salt, n, r, p };
  }

  async openVault(name: string, auth: Hex): Promise<{ pubkey: Hex; sealed: string }> {
    const { pubkey, sealed } = await this.call({ method: 'POST', path: '/api/vault/open', body: { name, auth } });
    if (!isHex(pubkey) || typeof sealed !== 'string') throw new CodedError('bad-answer');
    return { pubkey, sealed };
  }

  async checkInvite(code: string): Promise<{ role: string; node: string }> {
    const { role, node } = await this.call({ method: 'POST', path: '/api/invites/check', body: { code } });
    return { role: String(role), node: String(node) };
  }

  join(a: { name: string; event: NostrEvent; vault: VaultRecord }): Promise<Json> {
    return this.call({ method: 'POST', path: '/api/join', body: a });
  }
}

function parse(text: string): Json | null {
  if (text.length > maxAnswer) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
  } catch {
    return null;
  }
}

/** The node's codes that say to a person what one of ours says already. */
const ours: Record<string, string | undefined> = {
  'disk-full': 'full',
  'queue-full': 'rate-limited',
  unauthorized: 'login-needed',
};

function refusal(response: Response, answer: Json | null): CodedError {
  const wait = Number(response.headers.get('Retry-After') ?? NaN);
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : undefined;
  const message = typeof answer?.message === 'string' ? answer.message : response.statusText;
  if (typeof answer?.error === 'string') return new CodedError(ours[answer.error] ?? answer.error, message, retryAfter);
  const { status } = response;
  return new CodedError(status >= 500 ? 'server' : (byStatus[status] ?? 'refused'), message, retryAfter);
}

const byStatus: Record<number, string | undefined> = { 403: 'not-allowed', 404: 'not-found', 429: 'rate-limited' };
