// Prints how long a page takes until it can be used, in milliseconds since navigation began: `interactive` when the
// document is parsed, `loaded` when it has run its script, `key` when a key pressed right after that has moved the
// cursor. The median of five.
//
//   node interactive.mjs PAGE.html
import { address, launch } from "./chromium.mjs";

const ROUNDS = 5;
const browser = await launch();
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, offline: true });
  const page = await context.newPage();
  await page.goto(address(process.argv[2]));
  await page.locator("[data-plot]").first().focus();
  await page.keyboard.press("ArrowRight");
  rounds.push(await page.evaluate(() => {
    if (document.querySelector(".cursor").getAttribute("x1") === "-9") throw new Error("the key moved nothing");
    const entry = performance.getEntriesByType("navigation")[0];
    return [entry.domInteractive, entry.loadEventEnd, performance.now()];
  }));
  await context.close();
}
await browser.close();
const median = part => rounds.map(round => round[part]).sort((a, b) => a - b)[(ROUNDS - 1) / 2];
console.log(`interactive ${median(0).toFixed(0)} loaded ${median(1).toFixed(0)} key ${median(2).toFixed(0)}`);
