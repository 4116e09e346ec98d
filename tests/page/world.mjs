// What the page's tests stand on: a real `kseek demo`, headless Chromium, and a page that nothing may go wrong on.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const load = createRequire(join(process.env.KSEEK_NODE_MODULES, 'package.json'));
const {chromium} = load('playwright-core');
export const axeSource = load('axe-core').source;

/// Resolves with the first match of `pattern` in what the process prints; rejects when it ends first.
function printed(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
      const match = pattern.exec(text);
      if (match) resolve(match);
    });
    child.on('exit', (code) => reject(new Error(`kseek demo ended with ${code}: ${text}`)));
  });
}

export class World {
  static async start() {
    const world = new World();
    world.demo = spawn(process.env.KSEEK_PROGRAM, ['demo', '--listen', '127.0.0.1:0'], {stdio: ['ignore', 'pipe', 'inherit']});
    const [, brokers, url] = await printed(world.demo, /Live traffic is running\. Kafka: (\S+) +kseek: (\S+)/);
    Object.assign(world, {brokers, url});
    world.profile = mkdtempSync(join(tmpdir(), 'kseek-page-'));
    world.context = await chromium.launchPersistentContext(world.profile, {
      executablePath: process.env.KSEEK_CHROMIUM,
      headless: true,
      viewport: {width: 1280, height: 860},
      reducedMotion: 'reduce',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
    });
    return world;
  }

  async stop() {
    await this.context?.close();
    const ended = new Promise((resolve) => this.demo.on('exit', resolve));
    this.demo.kill('SIGTERM');
    await ended;
    rmSync(this.profile, {recursive: true, force: true});
  }

  /// A page at the address, and done with its first search. Its `troubles` must stay empty (see check()).
  async open(path = '/?topic=orders', options = {}) {
    const page = await this.context.newPage();
    page.troubles = [];
    page.on('console', (message) => {
      // An answer of 400 is written to the console by Chromium itself.
      if (message.type() === 'error' && !message.text().includes('status of 400')) page.troubles.push(message.text());
    });
    page.on('pageerror', (error) => page.troubles.push(String(error)));
    page.on('dialog', (dialog) => {
      page.troubles.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(this.url)) page.troubles.push(`asks elsewhere: ${request.url()}`);
    });
    if (options.viewport) await page.setViewportSize(options.viewport);
    if (options.media) await page.emulateMedia(options.media);
    await page.goto(this.url + path);
    await page.locator('#status strong').waitFor();
    return page;
  }

  async search(page, text) {
    await page.fill('#query', text);
    await page.press('#query', 'Enter');
    await page.locator('#status strong, #error p').first().waitFor();
  }

  /// Sends a message and waits until it can be found; its offset.
  async send(topic, message) {
    const sent = await fetch(`${this.url}/api/v1/topics/${topic}/messages`, {method: 'POST', body: JSON.stringify(message)});
    assert.equal(sent.status, 201, await sent.clone().text());
    const {partition, offset} = await sent.json();
    const path = `${this.url}/api/v1/topics/${topic}/messages/${partition}/${offset}`;
    while ((await fetch(path)).status !== 200) continue;
    return {partition, offset};
  }

  async picture(page, name, options = {}) {
    if (process.env.KSEEK_SCREENSHOTS) {
      await page.evaluate(() => document.activeElement.blur());
      await page.screenshot({path: join(process.env.KSEEK_SCREENSHOTS, `${name}.png`), ...options});
    }
  }

  /// Nothing went wrong on the page; closes it.
  async check(page) {
    assert.deepEqual(page.troubles, []);
    await page.close();
  }
}

/// `kseek serve` over these messages (as kcat -J gives them), for whom it has made a token: {url, token, stop}.
export async function guarded(messages) {
  const kseek = process.env.KSEEK_PROGRAM;
  const dir = mkdtempSync(join(tmpdir(), 'kseek-guarded-'));
  const [data, tokens, config] = ['data', 'tokens', 'kseek.toml'].map((name) => join(dir, name));
  execFileSync(kseek, ['import', 't', '-', '--data-dir', data], {input: messages + '\n', stdio: ['pipe', 'ignore', 'inherit']});
  const token = execFileSync(kseek, ['token', 'add', 'me', '--file', tokens], {stdio: ['ignore', 'pipe', 'ignore']}).toString().trim();
  writeFileSync(config, `[server]\ntokens_file = "${tokens}"\n`);
  const server = spawn(kseek, ['serve', '--data-dir', data, '--listen', '127.0.0.1:0', '--config', config],
    {stdio: ['ignore', 'pipe', 'ignore']});
  const [url] = await printed(server, /http:\S+/);
  const stop = async () => {
    const ended = new Promise((resolve) => server.on('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(dir, {recursive: true, force: true});
  };
  return {url, token, stop};
}

/// [topic partition offset] of the rows, as shown.
export const places = (page) => page.$$eval('tr.hit', (rows) =>
  rows.map((row) => [...row.cells].slice(1, 4).map((cell) => cell.textContent).join(' ')));

export const marks = (page, part) => page.$$eval(`tr.hit:first-child td.${part} mark`, (nodes) => nodes.map((node) => node.textContent));
