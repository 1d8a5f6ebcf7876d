// The server's page in Chromium: one user starts a game day, another approves it, it runs, its report is looked at, and the red
// button is pressed and lifted; by keyboard alone, with hostile names and notes, checked by axe-core at two widths.
//
//   node serve.mjs SCREENSHOTS ADDRESS OPERATOR-TOKEN APPROVER-TOKEN
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch } from "./chromium.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [shots, address, operator, approver] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });
const browser = await launch();
let complaints = 0;
const complain = text => { complaints += 1; console.error(`serve: ${text}`); };

// A page of a user, with complaints about all that it should not do.
async function open(scheme) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  page.on("pageerror", error => complain(`error: ${error.message}`));
  page.on("console", message => { if (!/401|Blocked script|sandbox/.test(message.text())) complain(`console: ${message.text()}`); });
  page.on("dialog", dialog => { complain(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", request => { if (!request.url().startsWith(address)) complain(`a request for ${request.url().slice(0, 200)}`); });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(address);
  return page;
}

async function logIn(page, token) {
  await page.locator("#token").focus();
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Game days", level: 2 }).waitFor();
}

// Tabs until the focus is on what has this name, and presses Enter there.
async function enter(page, name, exact = false) {
  for (let press = 0; press < 80; press++) {
    const found = await page.evaluate(([name, exact]) => {
      const element = document.activeElement;
      const text = (element?.getAttribute("aria-label") ?? element?.textContent ?? "").trim();
      return exact ? text === name : text.startsWith(name);
    }, [name, exact]);
    if (found) return page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
  }
  complain(`the keyboard does not reach "${name}"`);
}

// Looks at the page as it is: its width, axe-core, foreign scripts, its policy.
async function look(page, name) {
  for (const width of [420, 1200]) {
    await page.setViewportSize({ width, height: 900 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wider > 0) complain(`${name} is ${wider} px wider than its window of ${width} px`);
    await page.screenshot({ path: `${shots}/serve-${name}-${width}.png`, fullPage: true });
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], iframes: false }));
    for (const violation of found.violations) complain(`${name} at ${width} px: axe ${violation.id}: ${violation.help}; ${violation.nodes[0].html.slice(0, 160)}`);
  }
  if (await page.evaluate(() => "owned" in window)) complain(`${name}: a foreign script ran`);
  for (const violation of await page.evaluate(() => window.violations)) complain(`${name}: policy: ${violation}`);
}

const olga = await open("light"), ann = await open("dark");
await look(olga, "login");
await logIn(olga, operator);
await logIn(ann, approver);
await look(olga, "overview");
if (await ann.locator("#red").isVisible()) complain("somebody who may not press the red button sees it");

await enter(olga, "Start by hand: outage");
await olga.locator("#reason-text").waitFor();
await olga.keyboard.type("after the release");
await enter(olga, "Start");
const link = ann.getByRole("link", { name: /^outage \d+$/ });
await link.nth(1).waitFor();
// The one that was asked for is due now, before that of the schedule.
await ann.goto(address + await link.first().getAttribute("href"));
await ann.locator("#comment").waitFor();
await look(ann, "firing-due");
await ann.locator("#comment").focus();
await ann.keyboard.type("go");
await enter(ann, "Approve as ann");
await ann.locator(".badge.running").waitFor();
await olga.goto(ann.url());
await olga.locator("#note").focus();
await olga.keyboard.type("<img src=x onerror=window.owned=1>\u202e");
await enter(olga, "Note it");
await olga.getByText("onerror").waitFor();
await olga.locator("#live svg").first().waitFor();
await look(olga, "firing-live");
await olga.locator(".badge.finished").waitFor({ timeout: 60000 });
await enter(olga, "Report of run 0");
await olga.frameLocator("iframe").getByRole("heading", { level: 1 }).waitFor();
await look(olga, "firing-finished");

await olga.goto(address);
await olga.reload();
await olga.getByRole("heading", { name: "History" }).waitFor();
await enter(olga, "Stop everything");
await olga.locator("#reason-text").waitFor();
await olga.keyboard.type("smoke");
await enter(olga, "Stop everything");
await olga.locator("#alarm").getByText("smoke").waitFor();
await ann.goto(address);
await ann.locator("#alarm").getByText("smoke").waitFor();
await look(olga, "button");
await enter(olga, "Lift it");
await olga.locator("#alarm").getByText("smoke").waitFor({ state: "detached" });
await enter(olga, "outage", true);
await olga.getByRole("heading", { name: "Its last firings" }).waitFor();
await look(olga, "gameday");
await enter(olga, "Log out");
await olga.locator("#token").waitFor();

await browser.close();
console.log(complaints ? `${complaints} complaints about the server's page` : "the server's page is in order");
process.exit(complaints ? 1 : 0);
