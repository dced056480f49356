// The worker's entry: all cryptography runs here, away from the page and from its first paint.
import { operations } from './operations';
import { serve, type Port } from './rpc';

serve(self as unknown as Port, operations());
