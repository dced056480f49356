// Two ends of a line inside one thread: how tests run the worker's own code without a worker.
import type { Port } from './rpc';

/** What is posted at one end arrives at the other, copied and later, as between a page and its worker. */
export function portPair(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  for (const port of [port1, port2]) {
    // In Node an open port keeps the process alive; in a browser there is no such thing.
    (port as unknown as { unref?(): void }).unref?.();
  }
  return [port1 as unknown as Port, port2 as unknown as Port];
}
