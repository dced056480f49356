import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clockDoubted, clockGap, nodeNow, now, setClock } from './node';

const noon = Date.UTC(2027, 2, 1, 12) / 1000;

beforeEach(() => vi.useFakeTimers({ now: noon * 1000 }));
afterEach(() => {
  setClock(Date.now() / 1000, true, Date.now());
  vi.useRealTimers();
});

describe('the clock', () => {
  it('is the node’s, when it is sure', () => {
    setClock(noon + 90, true, Date.now());
    expect([now(), nodeNow(), clockGap.value]).toEqual([noon + 90, noon + 90, null]);
  });

  it('is the device’s, as far as a second goes', () => {
    setClock(noon - 1, true, Date.now());
    expect([now(), nodeNow()]).toEqual([noon, noon]);
  });

  it('is looked at when the two differ much', () => {
    setClock(noon - 3600, true, Date.now());
    expect([now(), clockGap.value, clockDoubted.value]).toEqual([noon - 3600, -3600, false]);
  });

  it('is the later of the two when the node is not sure, but what proves who asks goes by the node', () => {
    setClock(20, false, Date.now());
    expect([now(), nodeNow(), clockGap.value, clockDoubted.value]).toEqual([noon, 20, 20 - noon, true]);
    setClock(noon + 60, false, Date.now());
    expect([now(), nodeNow(), clockGap.value]).toEqual([noon + 60, noon + 60, 60]);
  });
});
