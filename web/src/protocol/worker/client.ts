// The page's end of the worker.
import type { Operations } from './operations';
import { Caller } from './rpc';
import CryptoWorker from './worker?worker';

export type Crypto = Pick<Caller<Operations>, 'call'>;

/** Starts the worker. Calls made before it has loaded wait for it. */
export function startWorker(): Crypto {
  const worker = new CryptoWorker({ name: 'madang' });
  const caller = new Caller<Operations>(worker);
  worker.onerror = () => caller.fail('unexpected');
  return caller;
}
