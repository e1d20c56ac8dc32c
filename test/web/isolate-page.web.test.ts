/** The page of `--html` in a real browser: what it shows, lights and asks for. */

import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatIsolateHtml } from '../../src/report/isolate/html/isolate-html.ts';
import { FAR, fabricPaths, lossyLinkRecord, NEAR } from '../support/drawn-records.ts';

const RECORDS = {
  plain: lossyLinkRecord(),
  wide: lossyLinkRecord(fabricPaths(64, [1, 4, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 4, 1])),
  many: lossyLinkRecord(fabricPaths(1024, [1, 4, 12, 12, 4])),
};

let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'fantrace-web-'));
  for (const [name, record] of Object.entries(RECORDS)) {
    writeFileSync(path.join(folder, `${name}.html`), formatIsolateHtml(record));
  }
  // Its sandbox does not run as root, and the page is our own.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: browserPath(), args });
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** What the console said, and which addresses were asked for beside the page itself. */
  readonly troubles: string[];
}

interface View {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
}

async function opened(name: keyof typeof RECORDS, { width = 1440, scheme }: View): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: scheme ?? 'light',
  });
  const troubles: string[] = [];
  const url = pathToFileURL(path.join(folder, `${name}.html`)).href;
  page.on('console', (message) => troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url) troubles.push(request.url());
  });
  await page.goto(url);
  return { page, troubles };
}

const VIEWS = (['plain', 'wide', 'many'] as const).flatMap((name) =>
  [375, 1440].flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => ({ name, width, scheme })),
  ),
);

test.each(VIEWS)(
  'the $name page asks for nothing and fits $width px in the $scheme mode',
  async ({ name, width, scheme }) => {
    const { page, troubles } = await opened(name, { width, scheme });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    expect(troubles).toEqual([]);
    await page.close();
  },
);

test.each(['light', 'dark'] as const)('axe finds nothing in the %s mode', async (scheme) => {
  const { page } = await opened('plain', { scheme });
  const found = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200)))`);
  expect(found).toEqual([]);
  await page.close();
});

test('the sentence comes first', async () => {
  const { page } = await opened('plain', {});
  const text: string = await page.evaluate('document.body.innerText');
  expect(text.replaceAll('\u00a0', ' ').startsWith(RECORDS.plain.summary)).toBe(true);
  await page.close();
});

test('hovering a row lights its path, and nothing else', async () => {
  const { page } = await opened('plain', {});
  await page.locator('tr[data-p]', { hasText: '32768' }).hover();
  const lit = await labels(page, '.place.on');
  expect(lit.map((label) => label.split(/[ ;]/)[0])).toEqual(
    expect.arrayContaining(['10.0.0.2', '10.0.1.1', '10.0.2.1', '10.0.3.1', '10.9.0.1']),
  );
  expect(lit).toHaveLength(5);
  expect(await page.locator('.hop.on').count()).toBe(4);
  await page.locator('h1').hover();
  expect(await page.locator('.on').count()).toBe(0);
  await page.close();
});

test('hovering a line lights the rows of the flows that cross it', async () => {
  const { page } = await opened('plain', {});
  await page.locator('.hop.lossy .hit').dispatchEvent('pointerover', { pointerType: 'mouse' });
  const expected = RECORDS.plain.flows
    .filter((flow) => flow.path[1] === NEAR && flow.path[2] === FAR)
    .map(({ sourcePort }) => `! ${sourcePort}`);
  const ports = await page.locator('tr.on .port').allInnerTexts();
  expect(ports.toSorted()).toEqual(expected.toSorted());
  expect(await page.locator('#detail').textContent()).toContain(`${NEAR} → ${FAR}`);
  await page.close();
});

test('the graph and the rows can be walked with the keyboard alone', async () => {
  const { page } = await opened('plain', {});
  const focused = (): Promise<string> =>
    page.evaluate(
      `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent`,
    );
  const tabTo = async (selector: string): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(`document.activeElement.matches('${selector}')`)) return;
    }
    throw new Error(`Tab never reached ${selector}`);
  };
  await tabTo('[data-i]');
  expect(await focused()).toContain(`${NEAR} → ${FAR}`);
  await page.keyboard.press('ArrowRight');
  expect(await focused()).toMatch(/^10\.0\.3\.3; TTL 3/);
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toMatch(/^10\.0\.3\.[124]; TTL 3/);
  await page.keyboard.press('Enter');
  await tabTo('tr[data-p]');
  await page.keyboard.press('Home');
  const first = await focused();
  await page.keyboard.press('ArrowDown');
  expect(await focused()).not.toBe(first);
  expect(await page.locator('tr.on').count()).toBe(1);
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
  expect(outline).toBe('solid');
  await page.keyboard.press('Escape');
  expect(await page.locator('.on').count()).toBe(0);
  await page.close();
});

test.each(['plain', 'many'] as const)('nothing of the %s page overlaps on paper', async (name) => {
  const { page } = await opened(name, { width: 720 });
  await page.emulateMedia({ media: 'print' });
  const shown: { top: number; bottom: number }[] = await page.evaluate(`
    [...document.querySelectorAll('#graph > .scroll, .heat, .suspects, #reproduce, .hop-table, #measurement')]
      .map((each) => each.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom }))`);
  expect(shown).toHaveLength(6);
  for (const [i, { bottom }] of shown.entries()) {
    expect(shown[i + 1]?.top ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(bottom);
  }
  await page.close();
});

test.each([768, 1440])('the whole evidence is seen at %s px', async (width) => {
  const { page } = await opened('plain', { width });
  const hidden = await page.evaluate(`(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(
    document.querySelector('#evidence .scroll'))`);
  expect(hidden).toBe(0);
  await page.close();
});

test('numbers stand under their headings', async () => {
  const { page } = await opened('plain', {});
  const [head, cell]: string[] = await page.evaluate(`
    [...document.querySelectorAll('.hop-table tr:nth-child(1) > :nth-child(6)')]
      .map((each) => getComputedStyle(each).textAlign)`);
  expect(cell).toBe('right');
  expect(head).toBe(cell);
  await page.close();
});

function labels(page: Page, selector: string): Promise<string[]> {
  return page
    .locator(selector)
    .evaluateAll((found) => found.map((each) => each.getAttribute('aria-label') ?? ''));
}

function browserPath(): string {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin'];
  const files = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((each) => path.join(each, name)),
  );
  const found = files.find((file) => {
    try {
      accessSync(file);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('no Chromium on the PATH: install chromium');
  return found;
}
