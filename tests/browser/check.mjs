// Opens HTML pages in Chromium at three widths, light and dark, and fails on what only a browser can tell: a line on
// the console, a violation of the page's own policy, a request for anything else, a page wider than its window, a
// violation of axe-core's rules, a script that is not the page's own, a place that the keyboard does not reach
// (keyboard.mjs), a finding that paper does not show (paper.mjs).
//
//   node check.mjs SCREENSHOTS PAGE.html...
import { readFileSync, mkdirSync } from "node:fs";
import { basename } from "node:path";
import { createRequire } from "node:module";
import { address, launch } from "./chromium.mjs";
import { details, path as tabPath, walk } from "./keyboard.mjs";
import { print, withoutScript } from "./paper.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [shots, ...pages] = process.argv.slice(2);
if (!pages.length) {
  console.error("usage: node check.mjs SCREENSHOTS PAGE.html...");
  process.exit(3);
}
mkdirSync(shots, { recursive: true });

const browser = await launch();
let complaints = 0;

// A page, with complaints about all that it should not do.
async function open(path, options, complain) {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  page.on("console", message => complain(`console: ${message.text()}`));
  page.on("pageerror", error => complain(`error: ${error.message}`));
  page.on("dialog", dialog => { complain(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", request => {
    const url = request.url().split("#")[0];
    if (url !== address(path)) complain(`a request for ${url.slice(0, 200)}`);
  });
  // Hostile texts in reports try to set this; the page's own script has no reason to.
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  await page.goto(address(path));
  return page;
}

async function check(path, width, scheme) {
  const complain = text => {
    complaints += 1;
    console.error(`${basename(path)} at ${width} px, ${scheme}: ${text}`);
  };
  const page = await open(path, { viewport: { width, height: 900 }, colorScheme: scheme }, complain);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wider > 0) complain(`it is ${wider} px wider than its window`);
  await page.screenshot({ path: `${shots}/${basename(path, ".html")}-${width}-${scheme}.png`, fullPage: true });

  await walk(page, complain);
  // axe-core comes in over the debugging protocol, which the page's policy does not bind. It sees what is unfolded:
  // all but the tables of the charts, of which one, at one width, stands for the others.
  await page.evaluate(one => {
    for (const folded of document.querySelectorAll("details:not(.data)")) folded.open = true;
    const table = document.querySelector("details.data");
    if (table && one) table.open = true;
  }, width === 900);
  const cut = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (cut > 0) complain(`it is ${cut} px wider than its window when all is unfolded`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of found.violations) {
    complain(`axe ${violation.id}: ${violation.help}; ${violation.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" ¶ ")}`);
  }
  for (const violation of await page.evaluate(() => window.violations)) complain(`policy: ${violation}`);
  if (await page.evaluate(() => "owned" in window)) complain("a foreign script ran");
  if (await page.evaluate(() => document.querySelectorAll("script").length) > 2) complain("there is a foreign script");
  await page.context().close();
}

// What does not depend on colours or, but for the keyboard, on the width.
async function once(path) {
  const complain = text => {
    complaints += 1;
    console.error(`${basename(path)}: ${text}`);
  };
  const viewport = { width: 900, height: 900 };
  for (const part of [tabPath, details]) {
    const page = await open(path, { viewport }, complain);
    await part(page, complain);
    await page.context().close();
  }
  const paper = `${shots}/${basename(path, ".html")}.pdf`;
  // Paper is white, whatever the reader's screen is.
  let page = await open(path, { viewport, colorScheme: "dark" }, complain);
  await print(page, paper, complain);
  await page.context().close();
  page = await open(path, { viewport, javaScriptEnabled: false }, () => {});
  await withoutScript(page, complain);
  await page.context().close();
}

// Two pages at a time, each in a process of its own.
const left = [...pages];
async function work() {
  for (let path = left.shift(); path; path = left.shift()) {
    for (const width of [375, 900, 1440]) {
      for (const scheme of ["light", "dark"]) await check(path, width, scheme);
    }
    await once(path);
  }
}
await Promise.all([work(), work()]);
await browser.close();
console.log(complaints ? `${complaints} complaints` : `${pages.length} pages are in order at 3 widths, light and dark`);
process.exit(complaints ? 1 : 0);
