import { session } from '../state/session';

/** Whether who is here may publish. */
export function mayWrite(): boolean {
  return session.value !== null && session.value.role !== 'member';
}
