// Starts real nodes and real browsers for a person's paths, and ends all of them.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export const repo = resolve(import.meta.dirname, '../..');
export const binary = join(repo, 'bin/madang');
const run = promisify(execFile);

/** A node with its own data directory. */
export class Node {
  private process: ChildProcess | undefined;
  private output = '';
  private constructor(
    readonly data: string,
    private listen: string,
    private readonly args: string[],
  ) {}

  /** Starts a node; `data` is an existing directory to serve, else a fresh one. */
  static async start(args: string[] = [], data?: string): Promise<Node> {
    const node = new Node(data ?? (await mkdtemp(join(tmpdir(), 'madang-e2e-'))), '127.0.0.1:0', args);
    await node.up();
    return node;
  }

  /** Starts, or starts again at the same address. */
  async up(): Promise<void> {
    this.output = '';
    const child = spawn(binary, ['serve', '--data', this.data, '--listen', this.listen, ...this.args]);
    this.process = child;
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    const ended = new Promise<never>((_, fail) => {
      child.once('exit', (code) => fail(new Error(`the node ended with ${code}:\n${this.output}`)));
      child.once('error', fail);
    });
    ended.catch(() => undefined); // read below, or the end was asked for
    await Promise.race([until(() => /http:\/\/[^\s/]+:\d+/.test(this.output)), ended]);
    this.listen = `127.0.0.1:${new URL(this.url).port}`;
    await Promise.race([until(async () => (await fetch(`${this.url}/healthz`).catch(() => null))?.ok ?? false), ended]);
  }

  /** "http://localhost:PORT". */
  get url(): string {
    const found = /http:\/\/[^\s/]+:\d+/.exec(this.output);
    if (!found) throw new Error(`no address in:\n${this.output}`);
    return found[0];
  }

  /** The link that the node prints while nobody has joined. */
  get firstLink(): string {
    const found = /http:\/\/\S+\/#\/join\/\S+/.exec(this.output);
    if (!found) throw new Error(`no first link in:\n${this.output}`);
    return found[0];
  }

  /** Ends the node: in order (SIGTERM), or as when the power goes (SIGKILL). */
  async down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  /** Runs a command of madang on this node's data and returns what it prints. */
  async madang(...args: string[]): Promise<string> {
    const { stdout } = await run(binary, [...args, '--data', this.data], { cwd: repo });
    return stdout;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.data, { recursive: true, force: true });
  }
}

export const phone = { width: 360, height: 740 };
export const desk = { width: 1280, height: 800 };

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-sync',
      '--disable-component-update',
    ],
  });
}

/** A person with a device of their own: a browser context. Errors on their pages are kept, and must be none. */
export interface Someone {
  context: BrowserContext;
  page: Page;
  /** What their pages reported: uncaught errors, refused resources, broken policies. */
  troubles: string[];
}

export async function someone(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Someone> {
  const context = await browser.newContext({ viewport: phone, locale: 'en-GB', baseURL: url, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    // A node that is down on purpose makes the browser complain; that is not the page's fault.
    if (message.type() === 'error' && !/net::ERR_(CONNECTION|EMPTY_RESPONSE|INTERNET|SOCKET)|WebSocket connection/.test(text)) {
      troubles.push(text);
    }
  });
  return { context, page, troubles };
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`still not so after ${seconds} s: ${condition}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
