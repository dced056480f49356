// What tests of the state stand on: the worker's own code in this thread, and a browser's storage.
import { operations, type Operations } from '../protocol/worker/operations';
import { portPair } from '../protocol/worker/portpair';
import { Caller, serve } from '../protocol/worker/rpc';

/** The worker without a worker. */
export function inProcessCrypto(): Caller<Operations> {
  const [page, worker] = portPair();
  serve(worker, operations());
  return new Caller<Operations>(page);
}

/** localStorage or sessionStorage in memory. */
export class MemoryStorage implements Storage {
  private readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }
  clear(): void {
    this.items.clear();
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
}
