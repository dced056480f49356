// Typed calls across a message port. A call has a number; its answer is a value, an error's code, or how far it is.
import { CodedError, codeOf } from '../errors';

export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export interface Context {
  /** 0 to 1. */
  progress(done: number): void;
  /** True once the caller has lost interest. */
  stopped(): boolean;
}

/** What a handler map offers: names to functions of one argument. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the argument's type is each handler's own
export type Handlers = Record<string, (argument: any, context: Context) => unknown>;

type Argument<F> = F extends (argument: infer A, ...rest: never[]) => unknown ? A : undefined;
type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

type Request = { call: number; op: string; argument: unknown } | { stop: number };
type Reply =
  | { call: number; value: unknown }
  | { call: number; error: string; message: string }
  | { call: number; progress: number };

export function serve(port: Port, handlers: Handlers): void {
  const running = new Map<number, { stopped: boolean }>();
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if ('stop' in data) {
      const task = running.get(data.stop);
      if (task) task.stopped = true;
      return;
    }
    const { call, op, argument } = data;
    const task = { stopped: false };
    running.set(call, task);
    const answer = (reply: Reply) => port.postMessage(reply);
    const context: Context = {
      progress: (progress) => answer({ call, progress }),
      stopped: () => task.stopped,
    };
    Promise.resolve()
      .then(() => {
        const handler = handlers[op];
        if (!handler) throw new Error(`no operation ${op}`);
        return handler(argument, context);
      })
      .then(
        (value) => answer({ call, value }),
        (error: unknown) => {
          answer({ call, error: codeOf(error), message: error instanceof Error ? error.message : '' });
        },
      )
      .finally(() => running.delete(call));
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  progress?: (done: number) => void;
}

export interface CallOptions {
  onProgress?: (done: number) => void;
  /** Receives a function that tells the worker to give up; the call then ends with code `stopped` if it can stop. */
  onStart?: (stop: () => void) => void;
}

/** The calling end. */
export class Caller<H> {
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;

  constructor(private readonly port: Port) {
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
  }

  call<K extends keyof H & string>(op: K, argument: Argument<H[K]>, options: CallOptions = {}): Promise<Result<H[K]>> {
    const call = this.next++;
    return new Promise<Result<H[K]>>((resolve, reject) => {
      this.waiting.set(call, { resolve: resolve as (value: unknown) => void, reject, progress: options.onProgress });
      this.port.postMessage({ call, op, argument } satisfies Request);
      options.onStart?.(() => this.port.postMessage({ stop: call } satisfies Request));
    });
  }

  /** Ends every open call, for a worker that has died. */
  fail(code: string): void {
    for (const { reject } of this.waiting.values()) reject(new CodedError(code));
    this.waiting.clear();
  }

  private receive(reply: Reply): void {
    const waiting = this.waiting.get(reply.call);
    if (!waiting) return;
    if ('progress' in reply) {
      waiting.progress?.(reply.progress);
      return;
    }
    this.waiting.delete(reply.call);
    if ('error' in reply) waiting.reject(new CodedError(reply.error, reply.message));
    else waiting.resolve(reply.value);
  }
}
