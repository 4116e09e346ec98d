// The web page in headless Chromium: what a person does with it, and what must never happen. run.sh starts it.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {axeSource, guarded, marks, places, World} from './world.mjs';

let world;
before(async () => { world = await World.start(); });
after(async () => { await world?.stop(); });

test('a first look shows the newest messages of all topics', async () => {
  const page = await world.open('/');
  assert.equal(await page.locator('tr.hit').count(), 10);
  assert.deepEqual(await page.locator('.topic .name').allTextContents(), ['chat', 'orders', 'service-logs']);
  assert.match(await page.locator('#status').textContent(), /^Complete 10 hits, there are more · .* · 18 partitions, lag \d+$/);
  await page.locator('#timeline rect.bar').first().waitFor();
  assert.match(await page.locator('#timeline-caption').textContent(), /^All [\d,]+ messages by time .*not only matches/);
  await world.picture(page, 'first');
  await world.check(page);
});

test('a search marks its matches, in whatever script', async () => {
  const value = '🙂 Zoë ﬁnds 支付超时 in the Straße near needle4711';
  await world.send('chat', {key: '🙂-unicode-key', value, partition: 0});
  const page = await world.open('/?topic=chat');
  await world.search(page, '支付 strasse needle4711');
  assert.equal(await page.locator('tr.hit').count(), 1);
  assert.deepEqual(await marks(page, 'value'), ['支付', 'Straße', 'needle4711']);
  assert.equal(await page.locator('tr.hit td.value .line').textContent(), value);
  await world.search(page, 'key:unicode-key');
  assert.deepEqual(await marks(page, 'key'), ['unicode-key']);
  assert.match(page.url(), /topic=chat&q=key%3Aunicode-key/);
  await world.check(page);
});

test('what stands behind the first KiB is shown around the match', async () => {
  await world.send('chat', {key: 'long', value: '前'.repeat(900) + ' hidden8231 ' + 'y'.repeat(900), partition: 0});
  const page = await world.open('/?topic=chat&q=hidden8231');
  assert.deepEqual(await marks(page, 'value'), ['hidden8231']);
  await page.locator('tr.hit .open').click();
  await page.locator('tr.detail .raw').first().waitFor();
  await page.locator('tr.detail .value .raw mark').waitFor();
  assert.equal(await page.locator('tr.detail .value .raw mark').textContent(), 'hidden8231');
  assert.equal((await page.locator('tr.detail .value .raw').textContent()).length, 900 + 12 + 900);
  await world.check(page);
});

test('a query that is too long for an address is asked all the same', async () => {
  await world.send('chat', {key: 'long-query', value: 'needle9937', partition: 0});
  const page = await world.open('/?topic=chat');
  await world.search(page, 'needle9937 ' + 'NOT absent '.repeat(600));
  assert.deepEqual(await marks(page, 'value'), ['needle9937']);
  await world.check(page);
});

test('the keyboard does it all', async () => {
  const page = await world.open('/?topic=orders');
  await page.keyboard.press('/');
  await page.keyboard.type('paid');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('tr.hit mark').length >= 10);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('j');
  const focused = () => page.evaluate(() => [...document.querySelectorAll('tr.hit')].indexOf(document.activeElement.closest('tr')));
  assert.equal(await focused(), 1);
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('tr.hit .open').nth(1).getAttribute('aria-expanded'), 'true');
  assert.match(await page.locator('tr.detail').textContent(), /order_id.*"paid"/s);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('tr.detail').count(), 0);
  assert.equal(await focused(), 1);
  await page.keyboard.press('?');
  assert.equal(await page.locator('#help').evaluate((help) => help.open), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#help').evaluate((help) => help.open), false);
  await world.check(page);
});

test('older hits come below, each once, and the way back', async () => {
  const page = await world.open('/?topic=orders&q=delivered');
  for (const rows of [20, 30]) {
    await page.keyboard.press('n');
    await page.waitForFunction((n) => document.querySelectorAll('tr.hit').length === n, rows);
    await page.locator('#status.complete').waitFor();
    await page.locator('#older').waitFor();
  }
  const shown = await places(page);
  assert.equal(new Set(shown).size, 30);
  const times = await page.locator('tr.hit .open').allTextContents();
  assert.deepEqual(times, [...times].sort().reverse());
  await page.keyboard.press('g');
  assert.equal(await page.evaluate(() => document.activeElement === document.querySelector('tr.hit .open')), true);
  await world.check(page);
});

test('an address shares a search, and one hit', async () => {
  const page = await world.open('/?topic=orders');
  await page.fill('#partition', '2');
  await page.selectOption('#order', 'oldest');
  await world.search(page, 'key:order-104*');
  await page.waitForFunction(() => document.querySelectorAll('tr.hit td.key mark').length === 10);
  const other = await world.open(page.url().slice(world.url.length));
  assert.deepEqual(await places(other), await places(page));
  assert.equal(await other.inputValue('#partition'), '2');
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('#query').value === '');
  const one = await world.open('/?topic=orders&partition=2&offset=17..17&open=1');
  assert.deepEqual(await places(one), ['orders 2 17']);
  assert.equal(await one.locator('tr.detail').count(), 1);
  for (const each of [page, other, one]) await world.check(each);
});

test('an error says where in the query', async () => {
  const page = await world.open('/?topic=orders');
  await world.search(page, '🙂a paid (open');
  assert.equal(await page.locator('#error mark').textContent(), '(');
  assert.match(await page.locator('#error').textContent(), /🙂a paid \(open.*at character 9: this \( is not closed.*add \)/s);
  assert.equal(await page.locator('#query').getAttribute('aria-invalid'), 'true');
  await world.picture(page, 'error');
  await world.search(page, 'paid');
  await page.locator('#status.complete').waitFor();
  assert.equal(await page.locator('#error').isVisible(), false);
  await world.check(page);
});

test('messages can do no harm', async () => {
  const hostile = [
    '<img src=x onerror="alert(1)"><script>alert(2)</script>',
    '{"</script><script>alert(3)</script>":"<svg onload=alert(4)>","__proto__":{"x":1},"n":12345678901234567890.1234500000,"n":1e400}',
    '\u202eright to left\u0000\u001b[31m \ufeff',
    '['.repeat(5000) + ']'.repeat(5000),
  ];
  for (const [i, value] of hostile.entries()) {
    await world.send('chat', {key: `hostile7-${i} <b onclick=alert(5)>`, value, partition: 1, headers: [{name: '<i>', value: '<u>'}, {name: 'x', value: null}]});
  }
  const page = await world.open('/?topic=chat&q=key:hostile7*&order=oldest');
  assert.equal(await page.locator('tr.hit').count(), hostile.length);
  for (let i = 0; i < hostile.length; ++i) {
    await page.locator('tr.hit .open').nth(i).click();
    await page.locator('tr.detail .headers').nth(i).waitFor();
  }
  assert.equal(await page.locator('main :is(img, script, svg:not(#timeline-bars), b, i, u, iframe)').count(), 0);
  assert.equal(await page.locator('tr.hit td.value .line').first().textContent(), hostile[0]);
  const json = await page.locator('tr.detail').nth(1).locator('.json').textContent();
  assert.match(json, /"n": 12345678901234567890\.1234500000/);
  assert.match(json, /"n": 1e400/);
  assert.match(json, /"__proto__": /);
  assert.match(await page.locator('tr.detail').nth(2).locator('.value .raw').textContent(), /⟨U\+202E⟩right to left␀␛\[31m ⟨U\+FEFF⟩/);
  await world.check(page);
});

test('null, empty and binary are told apart', async () => {
  await world.send('chat', {key: 'kinds91-null', value: null, partition: 0});
  await world.send('chat', {key: 'kinds91-empty', value: '', partition: 0});
  execFileSync('kcat', ['-b', world.brokers, '-P', '-t', 'chat', '-p', '0', '-k', 'kinds91-binary'], {input: Buffer.from([0xff, 0xfe, 0x00, 0x41])});
  const page = await world.open('/?topic=chat');
  do {
    await world.search(page, 'key:kinds91*');
    await page.locator('#status.complete').waitFor();
  } while (await page.locator('tr.hit').count() < 3);
  const badges = Object.fromEntries(await page.$$eval('tr.hit', (rows) =>
    rows.map((row) => [row.querySelector('.key .line').textContent.slice(8), row.querySelector('.value .badge')?.textContent])));
  assert.deepEqual(badges, {null: 'tombstone (null)', empty: 'empty, 0 bytes', binary: 'binary, 4 bytes'});
  await page.locator('tr.hit', {hasText: 'kinds91-binary'}).locator('.open').click();
  await page.getByRole('button', {name: 'Hex'}).click();
  await page.locator('.hex').waitFor();
  assert.match(await page.locator('.hex').textContent(), /^000000 {2}ff fe 00 41 +\.\.\.A$/);
  await world.check(page);
});

test('a live tail shows each match as it comes, until it is ended', async () => {
  const page = await world.open('/?topic=chat&q=tail5512');
  assert.equal(await page.locator('tr.hit').count(), 0);
  await page.keyboard.press('l');
  await page.locator('#status.live').waitFor();
  await world.send('chat', {key: 'a', value: 'tail5512 first', partition: 0});
  await world.send('chat', {key: 'b', value: 'not it', partition: 0});
  await world.send('chat', {key: 'c', value: 'tail5512 second', partition: 3});
  await page.waitForFunction(() => document.querySelectorAll('tr.hit').length === 2);
  assert.match(await page.locator('tr.hit').first().textContent(), /tail5512 second/);
  await page.waitForFunction(() => /2 new matches/.test(document.querySelector('#status').textContent));
  assert.match(page.url(), /follow=1/);
  await page.getByRole('button', {name: 'Live'}).click();
  await page.locator('#status.complete').waitFor();
  assert.equal(await page.locator('tr.hit').count(), 2);
  assert.equal(await page.locator('#live').getAttribute('aria-pressed'), 'false');
  await world.check(page);
});

test('fields, paths seen in hits and topics are completed', async () => {
  const page = await world.open('/?topic=orders');
  const options = () => page.locator('#completions .insert').allTextContents();
  await page.locator('#query').pressSequentially('va');
  assert.deepEqual((await options()).slice(0, 1), ['value:']);
  await page.locator('#query').pressSequentially('lue.cu');
  assert.deepEqual(await options(), ['value.customer.id:', 'value.customer.name:', 'value.currency:']);
  assert.equal(await page.locator('#query').getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.locator('#completion-0').getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('#query'), 'value.customer.id:');
  await page.fill('#query', '');
  await page.locator('#query').pressSequentially('header.tr');
  assert.deepEqual(await options(), ['header.trace-id:']);
  await page.fill('#query', '');
  await page.locator('#query').pressSequentially('servi');
  await page.keyboard.press('Tab');
  assert.equal(await page.inputValue('#query'), '');
  await page.waitForFunction(() => document.querySelectorAll('#chosen li').length === 2);
  await world.check(page);
});

test('topics are picked by name and by pattern', async () => {
  const page = await world.open('/?topic=orders');
  await page.fill('#topic-filter', '*s');
  assert.deepEqual(await page.locator('.topic .name').allTextContents(), ['chat', 'orders', 'service-logs'].filter((name) => name.includes('s')));
  await page.locator('#topic-pattern').click();
  await page.waitForFunction(() => document.querySelectorAll('#chosen li').length === 2);
  assert.match(decodeURIComponent(page.url()), /topic=orders,\*s/);
  await page.getByRole('button', {name: "don't search in orders"}).click();
  await page.locator('#status.complete').waitFor();
  assert.equal(await page.locator('tr.hit').count(), 10);
  await world.check(page);
});

test('explain and coverage are drawn, and dragging sets the time', async () => {
  const page = await world.open('/?topic=service-logs&q=deadlock+-WARN');
  await page.keyboard.press('e');
  await page.locator('#coverage summary').click();
  assert.equal(await page.locator('#coverage tbody tr').count(), 6);
  const charts = await page.locator('#explain-body caption').allTextContents();
  assert.deepEqual(charts, ['Blocks of messages', 'Bytes', 'Time']);
  assert.match(await page.locator('#explain-body').textContent(), /on disk.*after partition, offset, time.*opened/s);
  await world.picture(page, 'explain');
  const box = await page.locator('#timeline-bars').boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20, {steps: 4});
  await page.mouse.up();
  await page.waitForFunction(() => new URLSearchParams(location.search).has('time'));
  assert.equal(await page.inputValue('#time-preset'), 'custom');
  await page.locator('#status.complete').waitFor();
  const [from, to] = new URLSearchParams(new URL(page.url()).search).get('time').split('..').map(Date.parse);
  for (const time of await page.locator('tr.hit .open').allTextContents()) {
    const at = Date.parse(time.replace(' ', 'T') + 'Z');
    assert.ok(at >= from && at <= to, time);
  }
  await world.check(page);
});

test('light and dark follow the system, or a choice that lasts', async () => {
  const page = await world.open('/?topic=orders', {media: {colorScheme: 'dark'}});
  const light = () => page.evaluate(() => {
    const [r] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return r > 128;
  });
  assert.equal(await light(), false);
  await page.emulateMedia({colorScheme: 'light'});
  assert.equal(await light(), true);
  await page.locator('#theme').click();
  await page.locator('#theme').click();
  assert.equal(await page.locator('#theme').getAttribute('aria-label'), 'Colours: dark');
  assert.equal(await light(), false);
  await page.reload();
  assert.equal(await light(), false);
  await page.locator('#theme').click();
  assert.equal(await light(), true);
  await world.check(page);
});

test('at 360 pixels everything fits', async () => {
  const page = await world.open('/?topic=orders,chat&q=customer&open=1', {viewport: {width: 360, height: 740}});
  await page.locator('tr.detail .json').waitFor();
  await page.keyboard.press('e');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.equal(await page.locator('#topic-list').isVisible(), false);
  await page.locator('nav.topics summary').click();
  assert.equal(await page.locator('#topic-list').isVisible(), true);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await world.picture(page, 'phone', {fullPage: true});
  await world.check(page);
});

test('a time that RFC 3339 can\'t say, as a producer may claim any, is shown and can be searched', async () => {
  const line = (offset, ts) => `{"topic":"t","partition":0,"offset":${offset},"ts":${ts},"key":"k","payload":"v"}`;
  const {url, token, stop} = await guarded(`${line(0, 1_700_000_000_000)}\n${line(1, 479_476_136_124_903)}`);
  try {
    const page = await world.context.newPage();
    const troubles = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    await page.goto(`${url}/?topic=t`);
    await page.fill('#token-field', token);
    await page.press('#token-field', 'Enter');
    await page.locator('#timeline rect.tick').nth(1).waitFor();
    assert.deepEqual(await page.locator('tr.hit .open').allTextContents(), ['479476136124903', '2023-11-14 22:13:20.000']);
    const box = await page.locator('#timeline-bars').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width, box.y + 10, {steps: 2});
    await page.mouse.up();
    await page.waitForFunction(() => document.querySelectorAll('tr.hit').length === 1);
    assert.deepEqual(await page.locator('tr.hit .open').allTextContents(), ['479476136124903']);
    assert.deepEqual(troubles, []);
    await page.close();
  } finally {
    await stop();
  }
});

test('a server that asks for a token gets one from the person, and keeps it out of addresses', async () => {
  const {url, token, stop} = await guarded('{"topic":"t","partition":0,"offset":0,"ts":1000,"key":"k","payload":"guarded words"}');
  try {
    const page = await world.context.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${url}/?topic=t`);
    await page.locator('#token[open]').waitFor();
    await page.fill('#token-field', 'kseek_wrong');
    await page.press('#token-field', 'Enter');
    await page.locator('#token-note', {hasText: 'not known'}).waitFor();
    await page.fill('#token-field', token);
    await page.press('#token-field', 'Enter');
    await page.locator('#status strong').waitFor();
    assert.equal(await page.locator('tr.hit').count(), 1);
    await page.reload();  // the tab keeps it
    await page.locator('tr.hit .open').click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download value').click()]);
    assert.equal(download.suggestedFilename(), 't-0-0.value');
    assert.equal(readFileSync(await download.path(), 'utf8'), 'guarded words');
    await page.locator('#live').click();
    await page.locator('#status strong', {hasText: 'Live'}).waitFor();
    assert.ok(asked.length > 5 && !asked.some((address) => address.includes(token.slice(6))));
    assert.ok(!page.url().includes(token.slice(6)));
    await page.close();
    const other = await world.context.newPage();  // another tab does not have it
    await other.goto(`${url}/?topic=t`);
    await other.locator('#token[open]').waitFor();
    await other.getByText('Cancel').click();
    await other.locator('#topic-note', {hasText: 'token'}).waitFor();
    await other.close();
  } finally {
    await stop();
  }
});

for (const [name, options] of [['light', {media: {colorScheme: 'light'}}], ['dark', {media: {colorScheme: 'dark'}}],
  ['phone', {media: {colorScheme: 'light'}, viewport: {width: 360, height: 740}}]]) {
  test(`nothing stands in a screen reader's way: ${name}`, async () => {
    const page = await world.open('/?topic=orders,chat&q=value.event:paid "USB-C cable"&open=1', options);
    await page.locator('tr.detail .json').waitFor();
    await page.keyboard.press('e');
    await page.locator('#coverage summary').click();
    if (name === 'phone') await page.locator('nav.topics summary').click();
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, {resultTypes: ['violations']})).violations
      .map(({id, nodes}) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(' | ')}`));
    assert.deepEqual(found, []);
    await page.locator('#coverage summary').click();
    await page.keyboard.press('e');
    await world.picture(page, name === 'phone' ? 'phone-open' : name);
    await world.check(page);
  });
}
