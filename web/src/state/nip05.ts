// What people say in their profiles of their address (NIP-05) is only their word, until the node confirms it.
import { the } from './core';
import type { Hex } from './types';

/** The address at this node whose name `claim` begins with, if the node says that it is this person's. Never rejects. */
export async function confirmedAddress(claim: string, pubkey: Hex): Promise<string | undefined> {
  const name = claim.slice(0, Math.max(0, claim.lastIndexOf('@')));
  if (name === '') return undefined;
  try {
    const path = `/.well-known/nostr.json?name=${encodeURIComponent(name)}`;
    const { names } = await the().api.call({ method: 'GET', path });
    const holder = (names as Record<string, unknown> | undefined)?.[name];
    return holder === pubkey ? `${name}@${new URL(the().origin).host}` : undefined;
  } catch {
    return undefined;
  }
}
