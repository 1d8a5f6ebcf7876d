// The server's page in Chromium, for those who drive it: opened for a user, reached by keyboard alone, and looked at by axe-core at
// two widths. What is not as it should be is a complaint.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch } from "./chromium.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// The page of the server at `address`, with screenshots in `shots`.
export async function visit(shots, address) {
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
    for (let press = 0; press < 250; press++) {
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

  async function end() {
    await browser.close();
    console.log(complaints ? `${complaints} complaints about the server's page` : "the server's page is in order");
    process.exit(complaints ? 1 : 0);
  }

  return { open, logIn, enter, look, complain, end };
}
