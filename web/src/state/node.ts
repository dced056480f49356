// The node: its word on itself, its clock, and whether the line to it is up.
import { signal, type Signal } from '@preact/signals';
import type { NodeInfo } from './types';

export const node: Signal<NodeInfo | null> = signal(null);

/** The line to the relay is up. */
export const online: Signal<boolean> = signal(false);

/** Seconds to add to this device's clock. */
let offset = 0;

/** A phone whose clock was never set still writes at the right time: Unix seconds by the node's clock. */
export function now(): number {
  return Math.floor(Date.now() / 1000 + offset);
}

/** The node said `time` (Unix seconds) in an answer to a question asked at `asked` (milliseconds). */
export function setClock(time: number, asked: number): void {
  const middle = (asked + Date.now()) / 2000;
  const difference = time - middle;
  // The answer is cut to seconds: less than that is no difference.
  offset = Math.abs(difference) > 2 ? difference : 0;
}
