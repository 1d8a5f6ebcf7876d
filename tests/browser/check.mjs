// Opens HTML reports in Chromium at three widths, light and dark, and fails on what only a browser can tell: a line on
// the console, a violation of the page's own policy, a request for anything else, a page wider than its window, a
// violation of axe-core's rules, a script that is not the page's own.
//
//   node check.mjs SCREENSHOTS PAGE.html...
import { readFileSync, mkdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [shots, ...pages] = process.argv.slice(2);
if (!pages.length) {
  console.error("usage: node check.mjs SCREENSHOTS PAGE.html...");
  process.exit(3);
}
mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
let complaints = 0;

async function check(path, width, scheme) {
  const complain = text => {
    complaints += 1;
    console.error(`${basename(path)} at ${width} px, ${scheme}: ${text}`);
  };
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, offline: true });
  const page = await context.newPage();
  page.on("console", message => complain(`console: ${message.text()}`));
  page.on("pageerror", error => complain(`error: ${error.message}`));
  page.on("dialog", dialog => { complain(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", request => {
    if (request.url() !== pathToFileURL(resolve(path)).href) complain(`a request for ${request.url().slice(0, 200)}`);
  });
  // Hostile texts in reports try to set this; the page's own script has no reason to.
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  const started = Date.now();
  await page.goto(pathToFileURL(resolve(path)).href);
  const took = Date.now() - started;
  if (took > 2000) complain(`it took ${took} ms to load`);

  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wider > 0) complain(`it is ${wider} px wider than its window`);
  await page.screenshot({ path: `${shots}/${basename(path, ".html")}-${width}-${scheme}.png`, fullPage: true });

  await walk(page, complain);
  for (const violation of await page.evaluate(() => window.violations)) complain(`policy: ${violation}`);
  if (await page.evaluate(() => "owned" in window)) complain("a foreign script ran");
  if (await page.evaluate(() => document.querySelectorAll("script").length) > 2) complain("there is a foreign script");

  // axe-core comes in over the debugging protocol, which the page's policy does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of found.violations) {
    complain(`axe ${violation.id}: ${violation.help}; ${violation.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" ¶ ")}`);
  }
  await context.close();
}

// The cursor, by keyboard and by pointer: one moment in all charts, and a stretch that is summed up.
async function walk(page, complain) {
  const plots = page.locator("[data-plot]");
  if (!await plots.count()) return;
  const moment = () => page.locator("#moment").textContent();
  const first = plots.first();
  await first.focus();
  await page.keyboard.press("Home");
  const before = await moment();
  await page.keyboard.press("ArrowRight");
  if (before === await moment()) complain("an arrow key does not move the cursor");
  const places = await page.locator(".cursor").evaluateAll(lines => lines.map(line => line.getAttribute("x1")));
  if (new Set(places).size !== 1) complain("the cursor is not at one moment in all charts");
  await page.keyboard.press("Shift+ArrowRight");
  if (!/were due/.test(await page.locator("#stretch").textContent())) complain("a selected stretch is not summed up");
  await page.keyboard.press("Escape");
  if (await page.locator("#stretch").textContent()) complain("Escape does not clear the selection");
  const last = plots.last();
  await last.scrollIntoViewIfNeeded();
  const box = await last.boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 8);
  const pointed = await moment();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 8);
  if (pointed === await moment()) complain("the pointer does not move the cursor");
}

for (const path of pages) {
  for (const width of [375, 900, 1440]) {
    for (const scheme of ["light", "dark"]) await check(path, width, scheme);
  }
}
await browser.close();
console.log(complaints ? `${complaints} complaints` : `${pages.length} pages are in order at 3 widths, light and dark`);
process.exit(complaints ? 1 : 0);
