// The node: its word on itself, its clock, and whether the line to it is up.
import { signal, type Signal } from '@preact/signals';
import type { NodeInfo } from './types';

export const node: Signal<NodeInfo | null> = signal(null);

/** The line to the relay is up. */
export const online: Signal<boolean> = signal(false);

/**
 * Seconds that the node's clock is ahead of this device's, where that must be looked at: the node doubts its own, or one
 * of the two is wrong. Else null.
 */
export const clockGap: Signal<number | null> = signal(null);

const slack = 5 * 60;

/** Seconds to add to this device's clock to have the node's. */
let offset = 0;

/** The node is not sure of its time. */
export const clockDoubted: Signal<boolean> = signal(false);

/** Unix seconds by the node's clock, right or wrong: for proofs that the node checks. */
export function nodeNow(): number {
  return Math.floor(Date.now() / 1000 + offset);
}

/**
 * When something is written, in Unix seconds. A phone whose clock was never set goes by the node's; a node that does not
 * know the time has stood still or begun in 1970, so that the later of the two clocks is the better guess.
 */
export function now(): number {
  return clockDoubted.peek() ? Math.max(nodeNow(), Math.floor(Date.now() / 1000)) : nodeNow();
}

/** The node said `time` (Unix seconds), and whether it is sure, in an answer to a question asked at `asked` (milliseconds). */
export function setClock(time: number, sure: boolean, asked: number): void {
  const middle = (asked + Date.now()) / 2000;
  const difference = time - middle;
  // The answer is cut to seconds: less than that is no difference.
  offset = Math.abs(difference) > 2 ? difference : 0;
  clockDoubted.value = !sure;
  clockGap.value = !sure || Math.abs(difference) > slack ? offset : null;
}
