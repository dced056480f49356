import { describe, expect, it } from 'vitest';
import { CodedError, codeOf } from '../errors';
import { Caller, serve, type Context } from './rpc';
import { portPair } from './portpair';

const handlers = {
  add: (a: { x: number; y: number }) => a.x + a.y,
  refuse: () => {
    throw new CodedError('too-large', 'far too large');
  },
  count: async (to: number, { progress, stopped }: Context): Promise<number> => {
    for (let i = 1; i <= to; i++) {
      if (stopped()) throw new CodedError('stopped');
      progress(i / to);
      await new Promise((resolve) => setTimeout(resolve));
    }
    return to;
  },
};

function setUp() {
  const [page, worker] = portPair();
  serve(worker, handlers);
  return new Caller<typeof handlers>(page);
}

describe('calls to the worker', () => {
  it('answer each caller with its own value', async () => {
    const caller = setUp();
    const sums = [1, 2, 3].map((x) => caller.call('add', { x, y: 10 }));
    expect(await Promise.all(sums)).toEqual([11, 12, 13]);
  });

  it('carry codes of errors', async () => {
    const refused = setUp().call('refuse', undefined);
    await expect(refused).rejects.toMatchObject({ code: 'too-large', message: 'far too large' });
  });

  it('tell how far they are, and stop when told', async () => {
    const caller = setUp();
    const progress: number[] = [];
    expect(await caller.call('count', 4, { onProgress: (p) => progress.push(p) })).toBe(4);
    expect(progress).toEqual([0.25, 0.5, 0.75, 1]);
    let stop = () => {};
    const counting = caller.call('count', 1_000_000, { onStart: (s) => (stop = s), onProgress: () => stop() });
    expect(await counting.then(String, codeOf)).toBe('stopped');
  });

  it('end with a code when the worker dies', async () => {
    const caller = new Caller<typeof handlers>({ postMessage: () => undefined, onmessage: null });
    const sum = caller.call('add', { x: 1, y: 1 });
    caller.fail('unexpected');
    expect(await sum.then(String, codeOf)).toBe('unexpected');
  });
});
