// What the page tells the state about the world outside, and the order in which it all begins.
import { setUp, the, onUp } from './core';
import { startLanguage } from './i18n';
import { refreshInbox } from './inbox';
import { startNews } from './news';
import { askNode, recallNode } from './nodeinfo';
import { startPeople } from './people';
import { restoreSession } from './session';
import { startVideos } from './videos';

export interface Surroundings {
  /** `location.origin`. */
  origin: string;
  /** `navigator.languages`. */
  languages: readonly string[];
}

/** Loads the language, the node's word on itself and the session of this device. Call once; never rejects. */
export async function start({ origin, languages }: Surroundings): Promise<void> {
  const { relay } = setUp(origin);
  onUp(() => void askNode().catch(() => undefined)); // the relay's line tells when to ask again
  relay.connect();
  await startLanguage(languages).catch(() => undefined); // keys are shown where texts cannot be loaded
  await recallNode();
  await Promise.all([startPeople(), startNews(), startVideos(), restoreSession()]);
}

/** The page came to the front or went to the back. */
export function visibilityChanged(visible: boolean): void {
  if (!visible) return;
  the().relay.wake();
  void askNode().catch(() => undefined); // a device that slept may have set its clock
  refreshInbox();
}

/** The device got or lost its network. */
export function networkChanged(up: boolean): void {
  if (up) the().relay.wake();
}
