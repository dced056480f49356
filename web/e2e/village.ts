// The demo village as a node that runs, for looking at.
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { binary, Node } from './harness';

const run = promisify(execFile);

export interface Village {
  node: Node;
  /** Logs in as the operator of the village, in whatever language the page speaks. */
  login(page: Page): Promise<void>;
}

export async function village(): Promise<Village> {
  const data = await mkdtemp(join(tmpdir(), 'madang-village-'));
  const { stdout } = await run(binary, ['demo', '--data', data]);
  const found = /^\s*(.+) \(operator\)\n\s*(.+)$/m.exec(stdout);
  if (!found) throw new Error(`no operator in:\n${stdout}`);
  const [, name = '', passphrase = ''] = found;
  const node = await Node.start([], data);
  return {
    node,
    async login(page) {
      await page.goto('/#/login');
      await page.locator('input[autocomplete=username]').fill(name);
      await page.locator('input[autocomplete=current-password]').fill(passphrase);
      await page.locator('main button[type=submit]').click();
      await page.locator('.rows a').first().waitFor();
    },
  };
}
