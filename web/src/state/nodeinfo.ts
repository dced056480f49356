// Asking the node what it is, and remembering it for a start without a network.
import { CodedError } from '../protocol/errors';
import { isHex } from '../protocol/event';
import { authorize, the } from './core';
import { node, setClock } from './node';
import type { NodeInfo } from './types';

/** Shows what was remembered, if nothing better is there. */
export async function recallNode(): Promise<void> {
  const kept = await the().cache.node();
  if (kept && !node.value) node.value = kept;
}

let asking: Promise<NodeInfo> | null = null;

/** Asks the node; rejects as the API does. */
export function askNode(): Promise<NodeInfo> {
  const question = ask();
  asking = question;
  return question;
}

/** Waits until the node has told the time, if it can: a proof that is dated wrong would be refused. */
export async function clockSet(): Promise<void> {
  await (asking ?? askNode()).catch(() => undefined);
}

async function ask(): Promise<NodeInfo> {
  const asked = Date.now();
  const { clock, ...rest } = await the().api.node();
  const answer = parseNode(rest);
  setClock(answer.time, clock !== 'unknown', asked);
  node.value = answer;
  await the().cache.put('node', answer);
  return answer;
}

/** Gives the node the time of this device. For operators. */
export async function setNodeClock(): Promise<void> {
  const { api } = the();
  const { challenge } = await api.call({ method: 'GET', path: '/api/clock' });
  if (typeof challenge !== 'string') throw new CodedError('bad-answer');
  await api.call({ method: 'POST', path: '/api/clock', body: { time: Date.now(), challenge }, authorize });
  await askNode();
}

function parseNode(a: Record<string, unknown>): NodeInfo {
  const size = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : 0);
  return {
    name: typeof a.name === 'string' ? a.name : '',
    pubkey: isHex(a.pubkey) ? a.pubkey : '',
    time: typeof a.time === 'number' ? a.time : Date.now() / 1000,
    version: typeof a.version === 'string' ? a.version : '',
    open: a.open === true,
    video: a.video === true,
    memberUploadMax: size(a.memberUploadMax),
    editorUploadMax: size(a.editorUploadMax),
  };
}
